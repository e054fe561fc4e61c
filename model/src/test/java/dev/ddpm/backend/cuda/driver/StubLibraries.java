package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Libraries with the names of NVIDIA's, which do as little as a test needs. */
final class StubLibraries {
  private StubLibraries() {}

  /** Makes one of C++; the test is skipped where there is no compiler. */
  static void compile(Path source, Path library) throws IOException, InterruptedException {
    compile(source, library, "-shared", "-Wl,-soname," + library.getFileName());
  }

  /** Makes something of C++ with further options. */
  static void compile(Path source, Path result, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("g++", "-fPIC"));
    command.addAll(List.of(options));
    command.addAll(List.of("-o", result.toString(), source.toString()));
    Process compiler;
    try {
      compiler = new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      assumeTrue(false, "g++ is not on this machine, which makes libraries for this test");
      throw e;
    }
    assertThat(compiler.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(compiler.exitValue()).isZero();
  }

  /** The same of text, beside the library. */
  static Path compile(Path folder, String name, String text)
      throws IOException, InterruptedException {
    Path library = folder.resolve(name);
    compile(Files.writeString(folder.resolve(name + ".cpp"), text), library);
    return library;
  }
}
