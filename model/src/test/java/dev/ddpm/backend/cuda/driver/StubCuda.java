package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * All libraries that computing on a card takes, made of {@code stubs.cpp}, and processes that load
 * them: each has its own, because a library stays loaded.
 */
final class StubCuda {
  static final List<String> LIBRARIES =
      List.of(
          Driver.LIBRARY,
          "libcudart.so.13",
          "libnvrtc.so.13",
          "libcublasLt.so.13",
          "libcublas.so.13",
          "libcudnn_graph.so.9",
          "libcudnn_engines_precompiled.so.9",
          "libcudnn_engines_runtime_compiled.so.9",
          "libcudnn_heuristic.so.9",
          "libcudnn_ops.so.9",
          "libcudnn_cnn.so.9",
          "libcudnn_adv.so.9");

  private StubCuda() {}

  /** Makes them in a folder; the test is skipped where there is no compiler. */
  static void make(Path folder) throws IOException, InterruptedException {
    assumeTrue(
        System.getProperty("os.arch").equals("amd64"), "CUDA's bindings are here for x86-64 alone");
    Path source = folder.resolve("stubs.cpp");
    try (InputStream in = StubCuda.class.getResourceAsStream("stubs.cpp")) {
      Files.write(source, in.readAllBytes());
    }
    Path object = folder.resolve("stubs.o");
    StubLibraries.compile(source, object, "-c");
    for (String library : LIBRARIES) {
      StubLibraries.compile(object, folder.resolve(library));
    }
  }

  /** Another folder with those of the first, as links. */
  static void link(Path folder, Path other) throws IOException {
    for (String library : LIBRARIES) {
      Files.createSymbolicLink(other.resolve(library), folder.resolve(library));
    }
  }

  /**
   * Runs a class with the libraries of a folder.
   *
   * @param environment as {@code stubs.cpp} reads it
   * @return what it and the libraries print
   */
  static String run(
      Path folder, Map<String, String> environment, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile(folder, "output", ".txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx256m",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            main.getName(),
            folder.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(output.toFile());
    // before those that this machine may have
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).isZero();
    return Files.readString(output);
  }
}
