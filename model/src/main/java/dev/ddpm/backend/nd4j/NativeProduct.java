package dev.ddpm.backend.nd4j;

import static dev.ddpm.backend.nd4j.Nd4jTensor.array;
import static dev.ddpm.backend.nd4j.Nd4jTensor.matrix;

import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;

/** ND4J's own product of matrices. */
public final class NativeProduct implements MatrixProduct {
  private final boolean stack;
  private final NativeOp op;

  /** A product of given sizes. */
  public NativeProduct(ProductShape shape) {
    stack = shape.stack() > 0;
    op =
        new NativeOp("matmul", 2, 1, shape.transposeA() ? 1 : 0, shape.transposeB() ? 1 : 0, 0)
            .floats(shape.alpha(), shape.accumulate() ? 1 : 0);
  }

  @Override
  public void run(Tensor a, Tensor b, Tensor c) {
    if (stack) {
      op.input(0, array(a)).input(1, array(b)).output(0, array(c)).run();
    } else {
      op.input(0, matrix(a)).input(1, matrix(b)).output(0, matrix(c)).run();
    }
  }
}
