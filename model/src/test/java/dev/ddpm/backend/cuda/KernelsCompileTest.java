package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** NVIDIA's own compiler takes the kernels, for every kind of card that CUDA 13 knows. */
class KernelsCompileTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {75, 80, 86, 89, 90, 100, 120})
  void compilesForEveryCardWithoutWarnings(int architecture)
      throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("kernels.cu"), source());
    Path cubin = folder.resolve("kernels.cubin");
    List<String> command =
        List.of(
            "nvcc",
            "-std=c++17",
            "-Werror",
            "all-warnings",
            "-arch=sm_" + architecture,
            "-cubin",
            "-o",
            cubin.toString(),
            source.toString());
    Process process = start(command);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(output).isEmpty();
    assertThat(process.exitValue()).isZero();
    assertThat(cubin).isNotEmptyFile();
  }

  /** The compiler that the back end calls has no headers, and takes lambdas for host code. */
  @ParameterizedTest
  @ValueSource(ints = {75, 90, 120})
  void compilesAtRunTimeWithoutWarnings(int architecture) {
    Nvrtc nvrtc = Nvrtc.library();
    PointerByReference program = new PointerByReference();
    assertThat(nvrtc.nvrtcCreateProgram(program, source(), "kernels.cu", 0, null, null)).isZero();
    String[] options = {"--gpu-architecture=sm_" + architecture, "--std=c++17"};
    int result = nvrtc.nvrtcCompileProgram(program.getValue(), options.length, options);
    LongByReference size = new LongByReference();
    nvrtc.nvrtcGetProgramLogSize(program.getValue(), size);
    byte[] log = new byte[(int) size.getValue()];
    nvrtc.nvrtcGetProgramLog(program.getValue(), log);
    nvrtc.nvrtcGetCUBINSize(program.getValue(), size);

    assertThat(Native.toString(log)).isEmpty();
    assertThat(result).isZero();
    assertThat(size.getValue()).isPositive();
    nvrtc.nvrtcDestroyProgram(program);
  }

  /** CUDA's compiler at run time, as far as it is needed. Functions give 0 if they succeed. */
  private interface Nvrtc extends Library {
    int nvrtcCreateProgram(
        PointerByReference program,
        String source,
        String name,
        int headers,
        String[] contents,
        String[] names);

    int nvrtcCompileProgram(Pointer program, int count, String[] options);

    int nvrtcGetProgramLogSize(Pointer program, LongByReference size);

    int nvrtcGetProgramLog(Pointer program, byte[] log);

    int nvrtcGetCUBINSize(Pointer program, LongByReference size);

    int nvrtcDestroyProgram(PointerByReference program);

    /** From where the loader looks, or the usual folder of CUDA. */
    static Nvrtc library() {
      for (String name : List.of("libnvrtc.so.13", "/usr/local/cuda/lib64/libnvrtc.so.13")) {
        try {
          return Native.loadLibrary(name, Nvrtc.class);
        } catch (UnsatisfiedLinkError e) {
          // it may be in the next place
        }
      }
      assumeTrue(false, "libnvrtc.so.13 of CUDA 13 is not on this machine");
      throw new AssertionError("unreachable");
    }
  }

  /** A cheap look at what the compilers above would refuse, where neither is at hand. */
  @Test
  void needsNoHeader() {
    assertThat(source()).doesNotContain("#include");
    assertThat(EmulatedKernels.names(source())).doesNotHaveDuplicates().contains("groupNorm");
  }

  private static String source() {
    return EmulatedKernels.resource("kernels.cu");
  }

  private static Process start(List<String> command) throws IOException {
    try {
      return new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      assumeTrue(false, "nvcc is not on this machine");
      throw e;
    }
  }
}
