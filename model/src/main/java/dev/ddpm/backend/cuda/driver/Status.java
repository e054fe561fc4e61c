package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cublas.cublasGetStatusName;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_OUT_OF_MEMORY;
import static org.bytedeco.cuda.global.cudart.CUDA_SUCCESS;
import static org.bytedeco.cuda.global.cudart.cuGetErrorName;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_ALLOC_FAILED;
import static org.bytedeco.cuda.global.cudnn.cudnnGetErrorString;

import dev.ddpm.DdpmException;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** What CUDA's libraries return: 0, or the number of an error. */
final class Status {
  private Status() {}

  /** Throws if a call of the driver failed. */
  static void driver(int status, String call) {
    if (status == CUDA_ERROR_OUT_OF_MEMORY) {
      throw outOfMemory(call);
    }
    if (status != CUDA_SUCCESS) {
      throw failure(call, name(status));
    }
  }

  /** The driver's name of an error. */
  static String name(int status) {
    try (PointerPointer<BytePointer> name = new PointerPointer<>(1)) {
      boolean known = cuGetErrorName(status, name) == CUDA_SUCCESS;
      return known ? name.get(BytePointer.class).getString() : "error " + status;
    }
  }

  /** Throws if a call of cuBLAS failed. */
  static void blas(int status, String call) {
    if (status == cublas.CUBLAS_STATUS_ALLOC_FAILED) {
      throw outOfMemory(call);
    }
    if (status != cublas.CUBLAS_STATUS_SUCCESS) {
      throw failure(call, cublasGetStatusName(status).getString());
    }
  }

  /** Throws if a call of cuDNN failed. */
  static void dnn(int status, String call) {
    if (status == CUDNN_STATUS_ALLOC_FAILED) {
      throw outOfMemory(call);
    }
    if (status != 0) {
      String error = cudnnGetErrorString(status).getString();
      if (error.contains("VERSION_MISMATCH")) {
        throw Libraries.severalVersions();
      }
      throw failure(call, error);
    }
  }

  private static DdpmException outOfMemory(String call) {
    return DdpmException.environment(
        "The GPU is out of memory (%s): lower the batch size, or end what else computes on it; see"
            + " nvidia-smi.",
        call);
  }

  private static IllegalStateException failure(String call, String error) {
    return new IllegalStateException("%s failed on the GPU: %s".formatted(call, error));
  }
}
