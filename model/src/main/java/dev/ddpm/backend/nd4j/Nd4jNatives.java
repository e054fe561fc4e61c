package dev.ddpm.backend.nd4j;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.natives.Bindings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * The native library behind ND4J, of which the class path has one build for CPUs: the one for AVX2,
 * whose convolutions are oneDNN's and fast on every CPU with AVX2, or the plain one, which runs on
 * others and has no fast convolutions. Where it has natives for CUDA, those are meant, and a
 * machine without a GPU computes with the plain CPU build.
 */
public final class Nd4jNatives {
  /** The JavaCPP property that names the variant of the natives to load. */
  static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";

  private static final String AVX2 = "-onednn-avx2";
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final String CPU_BACKEND = "CPU";
  private static final String CUDNN = "-cudnn";
  private static final String PLAIN = "plain";

  /** A resource of a build for CPUs; its name goes into the folder's. */
  static final String CPU_LIBRARY =
      "org/nd4j/linalg/cpu/nativecpu/bindings/linux-x86_64%s/libjnind4jcpu.so";

  private static final String GPU_LIBRARY =
      "org/nd4j/linalg/jcublas/bindings/linux-x86_64%s/libjnind4jcuda.so";

  private Nd4jNatives() {}

  /**
   * Tells ND4J which build the class path has. Must come before the first use of ND4J; a value that
   * is already set is left alone, so calling it again changes nothing.
   *
   * @throws DdpmException (environment) if this CPU lacks what that build needs
   */
  public static void select() {
    NativeHeap.keepFreedMemory();
    if (System.getProperty(EXTENSION) == null) {
      selectExtension();
    }
    Bindings.prepare();
  }

  private static void selectExtension() {
    if (onClassPath(GPU_LIBRARY, CUDNN)) {
      System.setProperty(EXTENSION, CUDNN);
    } else if (onClassPath(CPU_LIBRARY, AVX2)) {
      requireAvx2(cpuFlags());
      System.setProperty(EXTENSION, AVX2);
    }
  }

  /**
   * Bytes of memory, Java heap and all, that this process may take before JavaCPP allocates nothing
   * more; 0 for no bound.
   *
   * @throws DdpmException (environment) as {@link #select}
   */
  public static long maxPhysicalBytes() {
    select();
    return Pointer.maxPhysicalBytes();
  }

  /**
   * Whether ND4J computes on GPUs in this process.
   *
   * @throws DdpmException (environment) if it would, but has no code for one of them
   */
  public static boolean isGpu() {
    select();
    if (!Nd4j.getBackend().getClass().getSimpleName().equals("JCublasBackend")) {
      return false;
    }
    NativeOps natives = NativeOpsHolder.getInstance().getDeviceNativeOps();
    for (int device = 0; device < natives.getAvailableDevices(); device++) {
      requireCode(
          device,
          natives.getDeviceName(device),
          natives.getDeviceMajor(device),
          natives.getDeviceMinor(device));
    }
    return true;
  }

  /** Devices that ND4J computes on in this process; one if that is the CPU. */
  public static int devices() {
    return Nd4j.getAffinityManager().getNumberOfDevices();
  }

  /** Makes this thread compute on one of the {@link #devices}, counted from 0. */
  public static void useDevice(int device) {
    Nd4j.getAffinityManager().unsafeSetDevice(device);
  }

  /**
   * Refuses a GPU for which ND4J would start all the same, and fail at its first operation. Its
   * natives hold machine code for compute capabilities 3.7 to 8.6, which also runs on 8.7 and 8.9,
   * and nothing that the driver could compile for later ones.
   */
  static void requireCode(int device, String name, int major, int minor) {
    if (major > 8 || major < 3 || (major == 3 && minor < 7)) {
      throw DdpmException.environment(
          "GPU %d (%s) has compute capability %d.%d: must be 3.7 to 8.9 (Kepler's K80 to Ampere and"
              + " Ada), which are all that ND4J's natives for CUDA 11.6 have code for; on such"
              + " machines submit with --gpus in place of --gpus-nd4j.",
          device, name, major, minor);
    }
  }

  /**
   * Refuses a CPU that the build for AVX2 would end on with an illegal instruction.
   *
   * @param flags its features as Linux names them; none where they are not known
   */
  static void requireAvx2(Set<String> flags) {
    if (!flags.isEmpty() && !flags.containsAll(Set.of("avx2", "fma"))) {
      throw DdpmException.environment(
          "This CPU has no AVX2, which this build of the program needs; build it for older CPUs"
              + " with mvn -Dnd4j.natives= package.");
    }
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
    return Nd4jNatives.class.getClassLoader().getResource(resource) != null;
  }

  /** Whether ND4J computes on the CPU in this process. */
  public static boolean isCpu() {
    select();
    return CPU_BACKEND.equalsIgnoreCase(
        Nd4j.getExecutioner().getEnvironmentInformation().getProperty("backend"));
  }

  /** What ND4J computes with, its natives and its threads. */
  public static String describe() {
    select();
    String natives = System.getProperty(EXTENSION, PLAIN);
    return String.format(
        Locale.ROOT,
        "ND4J %s, natives %s, %d thread(s)",
        Nd4j.getBackend().getClass().getSimpleName(),
        natives.equals(CUDNN) && !isGpu() ? PLAIN : natives,
        Nd4j.getEnvironment().maxThreads());
  }
}
