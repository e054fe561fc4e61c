package dev.ddpm.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class HadoopFileStoreTest {
  @TempDir Path folder;

  @Test
  void writesWithItsFoldersAndReads() throws IOException {
    HadoopFileStore store = store("a/b");
    assertThat(store.exists("file")).isFalse();

    create(store, "text");

    assertThat(store.exists("file")).isTrue();
    try (InputStream in = store.open("file")) {
      assertThat(in.readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("text");
    }
    assertThat(names("a/b")).containsExactly("file");
  }

  @Test
  void replacesWhatWasThere() throws IOException {
    HadoopFileStore store = store("");
    create(store, "a longer text");
    create(store, "short");

    assertThat(folder.resolve("file")).hasContent("short");
    assertThat(names("")).containsExactly("file");
  }

  @Test
  void aNewFileNeverReplacesOne() throws IOException {
    HadoopFileStore store = store("");

    assertThat(store.createNew("file", out -> out.write('a'))).isTrue();
    assertThat(store.createNew("file", out -> out.write('b'))).isFalse();

    assertThat(folder.resolve("file")).hasContent("a");
    assertThat(names("")).containsExactly("file");
  }

  /** Hadoop keeps checksums of local files in files of their own. */
  @Test
  void aFileDeletedByHandCanBeWrittenAgain() throws IOException {
    HadoopFileStore store = store("");
    Files.writeString(folder.resolve(".file.crc"), "checksum of another file");

    assertThat(store.createNew("file", out -> out.write('a'))).isTrue();

    try (InputStream in = store.open("file")) {
      assertThat(in.readAllBytes()).containsExactly('a');
    }
  }

  @Test
  void aReaderNeverMissesAFileThatIsReplaced() throws Exception {
    HadoopFileStore store = store("");
    create(store, "text");
    AtomicBoolean stop = new AtomicBoolean();
    var writer =
        CompletableFuture.runAsync(
            () -> {
              while (!stop.get()) {
                assertThatCode(() -> create(store, "text")).doesNotThrowAnyException();
              }
            });
    try {
      for (int i = 0; i < 300; i++) {
        try (InputStream in = store.open("file")) {
          assertThat(in.readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("text");
        }
      }
    } finally {
      stop.set(true);
      writer.get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void aFailedWriterLeavesWhatWasThere() throws IOException {
    HadoopFileStore store = store("");
    create(store, "old");

    assertThatThrownBy(
            () ->
                store.create(
                    "file",
                    out -> {
                      out.write(1);
                      throw new IllegalStateException("not a number");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("not a number");
    assertThat(folder.resolve("file")).hasContent("old");
    assertThat(names("")).containsExactly("file");
  }

  @Test
  void aWriterMayCloseTheStream() throws IOException {
    store("")
        .create(
            "file",
            out -> {
              out.write('x');
              out.close();
            });

    assertThat(folder.resolve("file")).hasContent("x");
  }

  @Test
  void aFolderThatIsAFileIsAnError() throws IOException {
    create(store(""), "text");

    assertThatThrownBy(() -> create(store("file"), "text")).isInstanceOf(IOException.class);
  }

  @Test
  void aFileSystemThatLosesBytesIsNoticed() {
    assertThatThrownBy(() -> create(faulty("lossy"), "ten bytes!"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("10 bytes were written, but the file system kept 9");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aRenameThatAnswersFalseIsAFailure() {
    assertThatThrownBy(() -> create(faulty("unmoving"), "text"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("rename from ");
    assertThat(folder).isEmptyDirectory();
  }

  /** Hadoop throws an error of its own. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskIsAnErrorOfTheFileAndNothingIsLeft() {
    assertThatThrownBy(() -> create(faulty("full"), "text"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left on device");
    assertThat(folder).isEmptyDirectory();
  }

  /** It is no other writer's success. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskIsAnErrorAlsoWhereAFileIs() throws IOException {
    create(store(""), "text");

    assertThatThrownBy(() -> faulty("full").createNew("file", out -> out.write('a')))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left on device");
    assertThat(folder.resolve("file")).hasContent("text");
    assertThat(names("")).containsExactly("file");
  }

  /** As the holder of a lease does, and whoever completes a folder. */
  @Test
  void anotherWriterThatIsFasterMayClearAway() throws IOException {
    for (String scheme : List.of("file", "sound")) {
      HadoopFileStore store = new HadoopFileStore(scheme + "://" + folder, withFaulty("sound"));
      String name = scheme + ".txt";

      boolean written =
          store.createNew(
              name,
              out -> {
                out.write('a');
                store.removeTemporaries();
                Files.writeString(folder.resolve(name), "b");
              });

      assertThat(written).as(scheme).isFalse();
      assertThat(folder.resolve(name)).hasContent("b");
    }
  }

  @Test
  void anExistingFileIsToldOnEveryFileSystem() throws IOException {
    create(store(""), "text");

    assertThat(faulty("sound").createNew("file", out -> out.write('a'))).isFalse();
    assertThat(folder.resolve("file")).hasContent("text");
  }

  @Test
  void whateverIsThrownNothingIsLeft() {
    assertThatThrownBy(
            () ->
                store("")
                    .create(
                        "file",
                        out -> {
                          throw new StackOverflowError("deep");
                        }))
        .isInstanceOf(StackOverflowError.class);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void theContentReachesTheDiskBeforeTheName() throws IOException {
    create(faulty("volatile"), "text");

    assertThat(folder.resolve("file")).hasContent("text");
  }

  @Test
  void whatAKilledWriterLeftIsRemovedAndNothingElse() throws IOException {
    HadoopFileStore store = store("");
    create(store, "text");
    Files.writeString(folder.resolve(".file." + UUID.randomUUID()), "te");
    Files.writeString(folder.resolve(".hidden"), "a user's");

    store.removeTemporaries();

    assertThat(names("")).containsExactlyInAnyOrder("file", ".hidden");
    store("absent").removeTemporaries();
  }

  @Test
  void theSameFileSystemWithoutFaultWrites() throws IOException {
    create(faulty("sound"), "text");

    assertThat(folder.resolve("file")).hasContent("text");
  }

  @Test
  void anUnknownFileSystemIsNamed() {
    assertThatThrownBy(() -> new HadoopFileStore("nowhere://host/x", new Configuration()))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("nowhere://host/x is not a folder of a known file system");
  }

  @Test
  void theLocationIsAFullUri() {
    assertThat(store("a").location("file")).isEqualTo("file:" + folder.resolve("a/file"));
  }

  private HadoopFileStore store(String subfolder) {
    return new HadoopFileStore(folder.resolve(subfolder).toString(), new Configuration());
  }

  private HadoopFileStore faulty(String scheme) {
    return new HadoopFileStore(scheme + "://" + folder, withFaulty(scheme));
  }

  private static Configuration withFaulty(String scheme) {
    Configuration configuration = new Configuration();
    configuration.set(
        "fs.AbstractFileSystem." + scheme + ".impl", FaultyFileSystem.class.getName());
    return configuration;
  }

  private static void create(HadoopFileStore store, String text) throws IOException {
    store.create("file", out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  private List<String> names(String subfolder) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(subfolder))) {
      // Hadoop's local file system keeps its checksums beside the files.
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .toList();
    }
  }
}
