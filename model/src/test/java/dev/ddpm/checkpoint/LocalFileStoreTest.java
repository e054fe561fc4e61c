package dev.ddpm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFileStoreTest {
  @TempDir private Path parent;
  private Path folder;
  private FileStore store;

  @BeforeEach
  void setUp() {
    folder = parent.resolve("not/yet/there");
    store = new LocalFileStore(folder);
  }

  @Test
  void readsWhatItWrote() throws IOException {
    assertThat(store.exists("a.txt")).isFalse();

    write("a.txt", "one");
    write("a.txt", "two");

    assertThat(store.exists("a.txt")).isTrue();
    assertThat(read("a.txt")).isEqualTo("two");
    assertThat(folder).isDirectoryContaining("glob:**/a.txt");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void failedWriteLeavesTheOldFileAndNothingElse() throws IOException {
    write("a.txt", "old");

    assertThatThrownBy(
            () ->
                store.create(
                    "a.txt",
                    out -> {
                      out.write(1);
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");

    assertThat(read("a.txt")).isEqualTo("old");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void fileIsNotSeenBeforeItIsComplete() throws IOException {
    store.create(
        "a.txt",
        out -> {
          out.write(1);
          out.close();
          assertThat(store.exists("a.txt")).isFalse();
        });
    assertThat(store.exists("a.txt")).isTrue();
  }

  @Test
  void namesWhatIsMissing() {
    assertThatThrownBy(() -> store.open("b.txt"))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("b.txt");
    assertThat(store.location("b.txt")).isEqualTo(folder.resolve("b.txt").toString());
  }

  private void write(String name, String text) throws IOException {
    store.create(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  private String read(String name) throws IOException {
    try (InputStream in = store.open(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
