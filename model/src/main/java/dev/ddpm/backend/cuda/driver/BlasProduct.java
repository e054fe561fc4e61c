package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F_FAST_TF32;
import static org.bytedeco.cuda.global.cublas.CUBLAS_GEMM_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.cublasGemmStridedBatchedEx;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.cuda.Device;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.javacpp.FloatPointer;

/**
 * A product by cuBLAS, whose matrices are column-major: what is row-major here is its transpose
 * there, so that cᵀ = op(b)ᵀ · op(a)ᵀ is computed, with b as the first factor. cuBLAS chooses among
 * its kernels by the sizes alone, and those that add in an order of chance are off by default.
 */
final class BlasProduct implements Device.Product {
  private final Card card;
  private final cublasContext blas;
  private final ProductShape shape;
  private final int factorType;
  private final int computeType;
  private final FloatPointer alpha;
  private final FloatPointer beta;
  private final DeviceMemory first = new DeviceMemory();
  private final DeviceMemory second = new DeviceMemory();
  private final DeviceMemory result = new DeviceMemory();

  BlasProduct(Card card, cublasContext blas, ProductShape shape, Device.Factors factors) {
    this.card = card;
    this.blas = blas;
    this.shape = shape;
    this.factorType = factors == Device.Factors.BFLOAT16 ? CUDA_R_16BF : CUDA_R_32F;
    this.computeType =
        factors == Device.Factors.TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    this.alpha = new FloatPointer((float) shape.alpha());
    this.beta = new FloatPointer(shape.accumulate() ? 1f : 0f);
  }

  @Override
  public void run(long a, long b, long c) {
    int rows = shape.rows();
    int inner = shape.inner();
    int columns = shape.columns();
    card.use();
    Status.blas(
        cublasGemmStridedBatchedEx(
            blas,
            shape.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N,
            shape.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N,
            columns,
            rows,
            inner,
            alpha,
            first.at(b),
            factorType,
            shape.transposeB() ? inner : columns,
            (long) inner * columns,
            second.at(a),
            factorType,
            shape.transposeA() ? rows : inner,
            (long) rows * inner,
            beta,
            result.at(c),
            CUDA_R_32F,
            columns,
            (long) rows * columns,
            Math.max(1, shape.stack()),
            computeType,
            CUBLAS_GEMM_DEFAULT),
        "cublasGemmStridedBatchedEx");
  }
}
