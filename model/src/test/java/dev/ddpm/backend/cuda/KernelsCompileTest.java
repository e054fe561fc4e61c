package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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

  /** The compiler that a card's driver comes with has no headers. */
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
