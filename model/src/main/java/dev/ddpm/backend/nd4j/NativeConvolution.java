package dev.ddpm.backend.nd4j;

import static dev.ddpm.backend.nd4j.Nd4jTensor.array;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/** ND4J's own convolution: oneDNN on the CPU, cuDNN on a GPU. */
public final class NativeConvolution implements ConvolutionOp {
  private static final int CHANNELS_LAST = 1;
  private static final int WEIGHTS_KERNEL_IN_OUT = 0;

  private final Weight weight;
  private final NativeOp plain;
  private final NativeOp biased;
  private final NativeOp backward;

  /**
   * A convolution of given sizes.
   *
   * @param weight (3, 3, in, out)
   */
  public NativeConvolution(ConvolutionShape shape, Weight weight) {
    this.weight = weight;
    long[] arguments = arguments(shape);
    this.plain = new NativeOp("conv2d", 2, 1, arguments);
    this.biased = new NativeOp("conv2d", 3, 1, arguments);
    this.backward = new NativeOp("conv2d_bp", 3, 2, arguments);
  }

  /**
   * Square kernel and stride, padding 1, dilation 1, channels last. Without padding above and left
   * the mode is "same", which pads images of an even size by one below and right at stride 2.
   */
  private static long[] arguments(ConvolutionShape shape) {
    int kernel = ConvolutionShape.KERNEL;
    int stride = shape.stride();
    int same = 1 - shape.before();
    return new long[] {
      kernel, kernel, stride, stride, 1, 1, 1, 1, same, CHANNELS_LAST, WEIGHTS_KERNEL_IN_OUT
    };
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    NativeOp op = bias == null ? plain : biased.input(2, array(bias));
    op.input(0, array(x)).input(1, array(weight.values())).output(0, array(y)).run();
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    backward
        .input(0, array(x))
        .input(1, array(weight.values()))
        .input(2, array(dy))
        .output(0, array(dx))
        .output(1, array(weight.gradient()))
        .run();
  }
}
