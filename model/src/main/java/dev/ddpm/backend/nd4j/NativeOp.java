package dev.ddpm.backend.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A native operation bound to its arrays once. Building an operation's description costs more than
 * running a small one, so the description is kept and an array is only bound again when it is
 * another one than last time.
 */
final class NativeOp {
  private final CustomOp op;
  private final OpContext context;
  private final INDArray[] inputs;
  private final INDArray[] outputs;

  /**
   * Describes an operation.
   *
   * @param name libnd4j's name of it
   * @param inputs number of input arrays
   * @param outputs number of output arrays
   * @param integers its integer arguments
   */
  NativeOp(String name, int inputs, int outputs, long... integers) {
    this.op = DynamicCustomOp.builder(name).build();
    this.context = Nd4j.getExecutioner().buildContext();
    this.inputs = new INDArray[inputs];
    this.outputs = new INDArray[outputs];
    context.setIArguments(integers);
  }

  /** Sets the floating-point arguments. */
  NativeOp floats(double... arguments) {
    context.setTArguments(arguments);
    return this;
  }

  NativeOp input(int index, INDArray array) {
    if (inputs[index] != array) {
      context.setInputArray(index, array);
      inputs[index] = array;
    }
    return this;
  }

  NativeOp output(int index, INDArray array) {
    if (outputs[index] != array) {
      context.setOutputArray(index, array);
      outputs[index] = array;
    }
    return this;
  }

  void run() {
    Nd4j.getExecutioner().exec(op, context);
  }
}
