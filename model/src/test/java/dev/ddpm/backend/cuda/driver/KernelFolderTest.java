package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.fuzz.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelFolderTest {
  private static final List<String> KEY = List.of("source", "options", "13.0");
  private static final byte[] CODE = {1, 2, 3, 4, 5};

  @TempDir Path folder;

  private final AtomicInteger compiled = new AtomicInteger();

  private byte[] compile() {
    compiled.incrementAndGet();
    return CODE.clone();
  }

  @Test
  void whatWasCompiledIsKeptForTheSameSourceOptionsAndCompiler() throws Exception {
    Path inside = folder.resolve("kernels");
    for (int i = 0; i < 2; i++) {
      assertThat(new KernelFolder(inside).code(KEY, this::compile)).isEqualTo(CODE);
      assertThat(compiled).hasValue(1);
    }
    List<List<String>> others =
        List.of(
            List.of("sourceo", "ptions", "13.0"),
            List.of("source", "others", "13.0"),
            List.of("source", "options", "13.1"));
    others.forEach(key -> new KernelFolder(inside).code(key, this::compile));
    assertThat(compiled).hasValue(1 + others.size());
    try (Stream<Path> files = Files.list(inside)) {
      assertThat(files).hasSize(1 + others.size());
    }
  }

  @Test
  void aFolderThatCannotBeWrittenKeepsNothing() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "no folder");

    assertThat(new KernelFolder(file).code(KEY, this::compile)).isEqualTo(CODE);
    assertThat(file).hasContent("no folder");
  }

  @Test
  void damagedFilesAreMadeAnew() throws Exception {
    KernelFolder kernels = new KernelFolder(folder);
    kernels.code(KEY, this::compile);
    Path file = kernels.file(KEY);
    byte[] good = Files.readAllBytes(file);

    new Fuzz(
            good,
            bytes -> {
              Files.write(file, bytes);
              return kernels.code(KEY, this::compile);
            })
        .run();

    assertThat(compiled.get()).isGreaterThan(1);
    assertThat(Files.readAllBytes(file)).isEqualTo(good);
  }

  /** Of processes that are given a folder, the second compiles nothing. */
  @Test
  void processesShareWhatWasCompiled() throws Exception {
    StubCuda.make(folder);
    Map<String, String> environment =
        Map.of("JDK_JAVA_OPTIONS", "-Dddpm.cuda.kernels=" + folder.resolve("kernels"));

    assertThat(StubCuda.run(folder, environment, OpenCard.class)).isEqualTo("compiled\nopened\n");
    assertThat(StubCuda.run(folder, environment, OpenCard.class)).isEqualTo("opened\n");
    assertThat(StubCuda.run(folder, Map.of(), OpenCard.class)).isEqualTo("compiled\nopened\n");
  }
}
