package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;

/** A product by oneDNN, prepared when it is first run: many are never. */
public final class OneDnnProduct implements MatrixProduct {
  private final OneDnn library;
  private final ProductShape shape;
  private Operand a;
  private Operand b;
  private Operand c;
  private Operation operation;

  /** A product of given sizes. */
  public OneDnnProduct(OneDnn library, ProductShape shape) {
    this.library = library;
    this.shape = shape;
  }

  @Override
  public void run(Tensor left, Tensor right, Tensor result) {
    if (operation == null) {
      prepare();
    }
    a.read((CpuTensor) left);
    b.read((CpuTensor) right);
    c.bind((CpuTensor) result);
    operation.run();
  }

  private void prepare() {
    memory.data_type factor = library.factorType();
    memory.desc first = first(factor);
    memory.desc second = second(factor);
    memory.desc product = describe(memory.data_type.f32, shape.rows(), shape.columns(), false);
    a = Operand.of(library, "a", first(memory.data_type.f32), first);
    b = Operand.of(library, "b", second(memory.data_type.f32), second);
    c = Operand.of(library, "c", product, product);
    primitive_attr attributes = OneDnn.attributes(shape.accumulate());
    if (shape.alpha() != 1) {
      attributes.set_output_scales(0, new float[] {(float) shape.alpha()});
    }
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

  private memory.desc first(memory.data_type type) {
    return describe(type, shape.rows(), shape.inner(), shape.transposeA());
  }

  private memory.desc second(memory.data_type type) {
    return describe(type, shape.inner(), shape.columns(), shape.transposeB());
  }

  /** Describes op(a), op(b) or c. */
  private memory.desc describe(memory.data_type type, int rows, int columns, boolean transposed) {
    if (shape.stack() > 0) {
      memory.format_tag order = transposed ? memory.format_tag.acb : memory.format_tag.abc;
      return OneDnn.descriptor(type, order, shape.stack(), rows, columns);
    }
    memory.format_tag order = transposed ? memory.format_tag.ba : memory.format_tag.ab;
    return OneDnn.descriptor(type, order, rows, columns);
  }
}
