package dev.ddpm.backend.cpu.onednn;

import java.util.Arrays;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** c = α · op(a) · op(b) + β · c by oneDNN, prepared once for the sizes of its arrays. */
public final class OneDnnProduct {
  private final OneDnn library;
  private final boolean transposeA;
  private final boolean transposeB;
  private final primitive_attr attributes;
  private Operand a;
  private Operand b;
  private Operand c;
  private Operation operation;

  /**
   * A product that takes its sizes from the first arrays.
   *
   * @param accumulate whether to add to what c holds: β = 1, else 0
   */
  public OneDnnProduct(
      OneDnn library, boolean transposeA, boolean transposeB, double alpha, boolean accumulate) {
    this.library = library;
    this.transposeA = transposeA;
    this.transposeB = transposeB;
    this.attributes = OneDnn.attributes(accumulate);
    if (alpha != 1) {
      attributes.set_output_scales(0, new float[] {(float) alpha});
    }
  }

  /** Computes with matrices, or with equally long stacks of them. */
  public void run(INDArray left, INDArray right, INDArray result) {
    if (operation == null) {
      prepare(left, right, result);
    }
    a.read(left);
    b.read(right);
    c.bind(result);
    operation.run();
  }

  private void prepare(INDArray left, INDArray right, INDArray result) {
    memory.desc first = describe(left, transposeA);
    memory.desc second = describe(right, transposeB);
    memory.desc product = describe(result, false);
    a = Operand.of(library, "a", first, first);
    b = Operand.of(library, "b", second, second);
    c = Operand.of(library, "c", product, product);
    matmul.primitive_desc description =
        new matmul.primitive_desc(
            new matmul.desc(first, second, product), attributes, library.engine(), false);
    operation =
        new Operation.Builder(library, description)
            .argument(dnnl.DNNL_ARG_SRC, a)
            .argument(dnnl.DNNL_ARG_WEIGHTS, b)
            .argument(dnnl.DNNL_ARG_DST, c)
            .build(new matmul(description));
  }

  private static memory.desc describe(INDArray matrices, boolean transpose) {
    long[] sizes = matrices.shape();
    boolean stack = sizes.length == 3;
    if (!transpose) {
      return OneDnn.descriptor(stack ? memory.format_tag.abc : memory.format_tag.ab, sizes);
    }
    long[] transposed = Arrays.copyOf(sizes, sizes.length);
    transposed[sizes.length - 1] = sizes[sizes.length - 2];
    transposed[sizes.length - 2] = sizes[sizes.length - 1];
    return OneDnn.descriptor(stack ? memory.format_tag.acb : memory.format_tag.ba, transposed);
  }
}
