package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_JIT_COMPILATION_DISABLED;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_JIT_COMPILER_NOT_FOUND;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
import static org.bytedeco.cuda.global.cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static org.bytedeco.cuda.global.cudart.cuFuncSetAttribute;
import static org.bytedeco.cuda.global.cudart.cuLaunchKernel;
import static org.bytedeco.cuda.global.cudart.cuModuleGetFunction;
import static org.bytedeco.cuda.global.cudart.cuModuleLoadData;
import static org.bytedeco.cuda.global.cudart.cuModuleUnload;

import dev.ddpm.DdpmException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * This project's kernels on a card. A launch allocates nothing: its arguments are written to memory
 * that all launches share, since the driver has read them when the call returns.
 */
final class KernelModule {
  private static final int MOST_ARGUMENTS = 32;

  /** Dynamic shared memory that a kernel may have without asking, in bytes. */
  private static final int PLAIN_SHARED_BYTES = 48 << 10;

  /** Of a driver that does not translate assembly: it gets some for cards unknown to NVRTC. */
  private static final Set<Integer> TRANSLATION_ERRORS =
      Set.of(
          CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
          CUDA_ERROR_JIT_COMPILER_NOT_FOUND,
          CUDA_ERROR_JIT_COMPILATION_DISABLED);

  private static final PointerPointer<Pointer> NOTHING_ELSE = null;

  private final Card card;
  private final CUmod_st module = new CUmod_st();
  private final Map<String, Kernel> kernels = new HashMap<>();
  private final LongPointer values = new LongPointer(MOST_ARGUMENTS);
  private final PointerPointer<Pointer> arguments = new PointerPointer<>(MOST_ARGUMENTS);

  private static final class Kernel {
    final CUfunc_st function = new CUfunc_st();
    int sharedBytes = PLAIN_SHARED_BYTES;
  }

  /**
   * Loads code.
   *
   * @param code from {@link KernelCode}
   */
  KernelModule(Card card, byte[] code) {
    this.card = card;
    // assembly has to end in a zero
    try (BytePointer image = new BytePointer(code.length + 1L)) {
      image.put(code, 0, code.length).put(code.length, (byte) 0);
      int status = cuModuleLoadData(module, image);
      if (TRANSLATION_ERRORS.contains(status)) {
        throw DdpmException.environment(
            "%s is newer than CUDA's compiler here (NVRTC %s), and the driver does not translate"
                + " what that makes for it (%s): install a newer driver, or a CUDA 13 that knows"
                + " this card.",
            card.told(), KernelCode.compilerVersion(), Status.name(status));
      }
      Status.driver(status, "cuModuleLoadData");
    }
    CUmod_st loaded = module;
    card.onClose(() -> cuModuleUnload(loaded));
    for (int i = 0; i < MOST_ARGUMENTS; i++) {
      arguments.put(i, new DeviceMemory().at(values.address() + (long) i * Long.BYTES));
    }
  }

  /** See {@link dev.ddpm.backend.cuda.Device#launch}. */
  void launch(
      String name, int blocksX, int blocksY, int threads, int sharedBytes, Object... given) {
    card.use();
    Kernel kernel = kernels.computeIfAbsent(name, this::find);
    if (sharedBytes > kernel.sharedBytes) {
      Status.driver(
          cuFuncSetAttribute(
              kernel.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
          name + " with " + sharedBytes + " bytes of shared memory");
      kernel.sharedBytes = sharedBytes;
    }
    for (int i = 0; i < given.length; i++) {
      values.put(i, bits(given[i]));
    }
    int status =
        cuLaunchKernel(
            kernel.function,
            blocksX,
            blocksY,
            1,
            threads,
            1,
            1,
            sharedBytes,
            card.stream(),
            arguments,
            NOTHING_ELSE);
    if (status != 0) {
      Status.driver(status, name);
    }
  }

  private Kernel find(String name) {
    Kernel kernel = new Kernel();
    Status.driver(cuModuleGetFunction(kernel.function, module, name), name);
    return kernel;
  }

  /** What an argument begins with in memory, in the order of bytes of x86-64 and ARM. */
  private static long bits(Object argument) {
    if (argument instanceof Long value) {
      return value;
    }
    if (argument instanceof Integer value) {
      return value;
    }
    if (argument instanceof Float value) {
      return Float.floatToRawIntBits(value);
    }
    if (argument instanceof Double value) {
      return Double.doubleToRawLongBits(value);
    }
    throw new IllegalArgumentException("Kernels take no " + argument);
  }
}
