package dev.ddpm.network.block;

import dev.ddpm.backend.cpu.onednn.OneDnnProduct;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * c = α · op(a) · op(b) + β · c on row-major matrices, or on equally long stacks of them. The sizes
 * must not change from run to run.
 */
interface MatrixProduct {

  void run(INDArray a, INDArray b, INDArray c);

  private static MatrixProduct of(
      BlockContext context,
      boolean transposeA,
      boolean transposeB,
      double alpha,
      boolean accumulate) {
    return context
        .oneDnn()
        .<MatrixProduct>map(
            library -> new OneDnnProduct(library, transposeA, transposeB, alpha, accumulate)::run)
        .orElseGet(
            () ->
                new NativeOp("matmul", 2, 1, transposeA ? 1 : 0, transposeB ? 1 : 0, 0)
                        .floats(alpha, accumulate ? 1 : 0)
                    ::product);
  }

  /** a · b. */
  static MatrixProduct plain(BlockContext context) {
    return of(context, false, false, 1, false);
  }

  /** a · b added to what c holds. */
  static MatrixProduct accumulating(BlockContext context) {
    return of(context, false, false, 1, true);
  }

  /** α · aᵀ · b, as for the gradient of a weight. */
  static MatrixProduct firstTransposed(BlockContext context, double alpha) {
    return of(context, true, false, alpha, false);
  }

  /** α · a · bᵀ, as for the gradient of an input. */
  static MatrixProduct secondTransposed(BlockContext context, double alpha) {
    return of(context, false, true, alpha, false);
  }

  /** a · bᵀ added to what c holds. */
  static MatrixProduct secondTransposedAccumulating(BlockContext context) {
    return of(context, false, true, 1, true);
  }

  /** α · a · b. */
  static MatrixProduct scaled(BlockContext context, double alpha) {
    return of(context, false, false, alpha, false);
  }
}
