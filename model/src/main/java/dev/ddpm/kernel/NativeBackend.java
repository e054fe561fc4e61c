package dev.ddpm.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The native library behind ND4J. The plain CPU build has no fast convolutions; the oneDNN builds
 * have, and which of them a machine can run depends on its CPU. Where the class path has natives
 * for CUDA, those are meant, and a machine without a GPU computes with the plain CPU build.
 */
public final class NativeBackend {
  /** The JavaCPP property that names the variant of the natives to load. */
  static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";

  private static final String AVX512 = "-onednn-avx512";
  private static final String AVX2 = "-onednn-avx2";
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final String CUDNN = "-cudnn";
  private static final String PLAIN = "plain";
  private static final String CPU_LIBRARY =
      "org/nd4j/linalg/cpu/nativecpu/bindings/linux-x86_64%s/libjnind4jcpu.so";
  private static final String GPU_LIBRARY =
      "org/nd4j/linalg/jcublas/bindings/linux-x86_64%s/libjnind4jcuda.so";

  private NativeBackend() {}

  /**
   * Picks the fastest variant that this CPU runs and the class path has. Must come before the first
   * use of ND4J; a value that is already set is left alone, so calling it again changes nothing.
   */
  public static void select() {
    NativeHeap.keepFreedMemory();
    if (System.getProperty(EXTENSION) != null) {
      return;
    }
    if (onClassPath(GPU_LIBRARY, CUDNN)) {
      System.setProperty(EXTENSION, CUDNN);
      return;
    }
    variant(cpuFlags())
        .filter(extension -> onClassPath(CPU_LIBRARY, extension))
        .ifPresent(extension -> System.setProperty(EXTENSION, extension));
  }

  /** Whether ND4J computes on a GPU in this process. */
  public static boolean isGpu() {
    select();
    return Nd4j.getBackend().getClass().getSimpleName().equals("JCublasBackend");
  }

  /** The oneDNN build for a CPU with these feature flags, if there is one. */
  static Optional<String> variant(Set<String> flags) {
    if (flags.containsAll(Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl"))) {
      return Optional.of(AVX512);
    }
    return flags.containsAll(Set.of("avx2", "fma")) ? Optional.of(AVX2) : Optional.empty();
  }

  private static Set<String> cpuFlags() {
    if (!Files.isReadable(CPU_INFO)) {
      return Set.of();
    }
    try (var lines = Files.lines(CPU_INFO)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).trim().split(" "))
          .map(flags -> Arrays.stream(flags).collect(Collectors.toSet()))
          .orElse(Set.of());
    } catch (IOException e) {
      return Set.of();
    }
  }

  private static boolean onClassPath(String library, String extension) {
    String resource = library.formatted(extension);
    return NativeBackend.class.getClassLoader().getResource(resource) != null;
  }

  /** One line: back end, natives, threads and the kernels that a float32 network uses. */
  public static String describe() {
    select();
    Kernels kernels = KernelChoice.best(DataType.FLOAT).create();
    String natives = System.getProperty(EXTENSION, PLAIN);
    return String.format(
        Locale.ROOT,
        "ND4J %s, natives %s, %d thread(s), %s",
        Nd4j.getBackend().getClass().getSimpleName(),
        natives.equals(CUDNN) && !isGpu() ? PLAIN : natives,
        Nd4j.getEnvironment().maxThreads(),
        kernels.describe());
  }
}
