package dev.ddpm.layer;

import org.nd4j.linalg.api.ndarray.INDArray;

/** c = α · op(a) · op(b) + β · c on row-major matrices, or on equally long stacks of them. */
final class MatrixProduct {
  private final NativeOp op;

  private MatrixProduct(boolean transposeA, boolean transposeB, double alpha, double beta) {
    op = new NativeOp("matmul", 2, 1, transposeA ? 1 : 0, transposeB ? 1 : 0, 0);
    op.floats(alpha, beta);
  }

  /** a · b. */
  static MatrixProduct plain() {
    return new MatrixProduct(false, false, 1, 0);
  }

  /** a · b added to what c holds. */
  static MatrixProduct accumulating() {
    return new MatrixProduct(false, false, 1, 1);
  }

  /** aᵀ · b, as for the gradient of a weight. */
  static MatrixProduct firstTransposed(double alpha) {
    return new MatrixProduct(true, false, alpha, 0);
  }

  /** α · a · bᵀ, as for the gradient of an input. */
  static MatrixProduct secondTransposed(double alpha) {
    return new MatrixProduct(false, true, alpha, 0);
  }

  /** a · bᵀ added to what c holds. */
  static MatrixProduct secondTransposedAccumulating() {
    return new MatrixProduct(false, true, 1, 1);
  }

  /** α · a · b. */
  static MatrixProduct scaled(double alpha) {
    return new MatrixProduct(false, false, alpha, 0);
  }

  void run(INDArray a, INDArray b, INDArray c) {
    op.input(0, a).input(1, b).output(0, c).run();
  }
}
