package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cublas.cublasGetStatusName;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_OUT_OF_MEMORY;
import static org.bytedeco.cuda.global.cudart.CUDA_SUCCESS;
import static org.bytedeco.cuda.global.cudart.cuGetErrorName;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_ALLOC_FAILED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_BAD_PARAM;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH;
import static org.bytedeco.cuda.global.cudnn.cudnnGetErrorString;

import dev.ddpm.DdpmException;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** What CUDA's libraries return: 0, or the number of an error. */
final class Status {
  /** cuDNN groups its errors by thousands. */
  private static final int CUDNN_GROUP = 1000;

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
      throw failure(call, blasName(status));
    }
  }

  /** Throws if a call of cuDNN failed. */
  static void dnn(int status, String call) {
    requireDnn(status, call);
    if (status != 0) {
      throw failure(call, dnnName(status));
    }
  }

  /**
   * Throws if a call of cuDNN failed for want of memory or of a part of cuDNN, and not if cuDNN
   * cannot do what was asked for.
   */
  static void requireDnn(int status, String call) {
    switch (status) {
      case CUDNN_STATUS_ALLOC_FAILED, CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ->
          throw outOfMemory(call);
      case CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH -> throw Libraries.severalVersions();
      case CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED -> throw Libraries.partNotLoaded(call);
      default -> {
        // not for these reasons
      }
    }
  }

  /** Throws if a call of cuDNN failed, and not if cuDNN cannot do or does not know what it asks. */
  static void unlessRefused(int status, String call) {
    if (!isNotSupported(status) && !isOfGroup(status, CUDNN_STATUS_BAD_PARAM)) {
      dnn(status, call);
    }
  }

  /** Whether cuDNN refuses what was asked for, having done nothing. */
  static boolean isNotSupported(int dnnStatus) {
    return isOfGroup(dnnStatus, CUDNN_STATUS_NOT_SUPPORTED);
  }

  private static boolean isOfGroup(int dnnStatus, int first) {
    return dnnStatus / CUDNN_GROUP == first / CUDNN_GROUP;
  }

  /** cuDNN's name of an error. */
  static String dnnName(int status) {
    return cudnnGetErrorString(status).getString();
  }

  /** cuBLAS' name of an error. */
  static String blasName(int status) {
    return cublasGetStatusName(status).getString();
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
