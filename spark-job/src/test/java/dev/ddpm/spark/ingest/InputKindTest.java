package dev.ddpm.spark.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.Files64;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputKindTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final byte[] PICTURE = ImageCodec.encodePng(new RawImage(1, 1, 1, new byte[] {7}));

  @TempDir Path folder;

  private static InputKind kind(Object... inputs) {
    return InputKind.of(SPARK.session(), List.of(inputs).stream().map(Object::toString).toList());
  }

  private Path file(String name, byte[] content) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, content);
  }

  private Path table(String name, String format) {
    Path table = folder.resolve(name);
    SPARK.session().range(3).coalesce(1).write().format(format).save(table.toString());
    return table;
  }

  private static Path only(Path folder, String suffix) throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(suffix)).findFirst().orElseThrow();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"parquet", "orc", "avro"})
  void aTableIsToldByItsFilesWhateverTheirNames(String format) throws IOException {
    Path table = table(format, format);
    assertThat(kind(table)).isEqualTo(InputKind.TABLE);

    Path file = folder.resolve("data");
    Files.copy(only(table, "." + format), file);
    assertThat(kind(file)).isEqualTo(InputKind.TABLE);
  }

  @Test
  void aTableMayLieDeeperInItsFolder() throws IOException {
    file("hf/README.md", new byte[3]);
    file("hf/.gitattributes", new byte[3]);
    Path data = Files.createDirectories(folder.resolve("hf/data"));
    Files.copy(
        only(table("p", "parquet"), ".parquet"), data.resolve("train-00000-of-00001.parquet"));

    assertThat(kind(folder.resolve("hf"))).isEqualTo(InputKind.TABLE);
  }

  @Test
  void aTableOfTheCatalogueIsToldByItsName() {
    SPARK.session().range(3).createOrReplaceTempView("kinds");

    assertThat(kind("kinds")).isEqualTo(InputKind.TABLE);
  }

  @Test
  void archivesAreToldByTheirBeginning() throws IOException {
    Path zip = folder.resolve("a");
    try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.putNextEntry(new ZipEntry("1.png"));
      out.write(PICTURE);
    }
    Path tar = folder.resolve("b.tar");
    tar(new TarArchiveOutputStream(Files.newOutputStream(tar)));
    Path compressed = folder.resolve("c");
    tar(new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(compressed))));

    assertThat(kind(zip)).isEqualTo(InputKind.ARCHIVE);
    assertThat(kind(tar)).isEqualTo(InputKind.ARCHIVE);
    assertThat(kind(compressed)).isEqualTo(InputKind.ARCHIVE);
    assertThat(kind(folder + "/*.tar")).isEqualTo(InputKind.ARCHIVE);
    assertThat(kind(folder)).isEqualTo(InputKind.ARCHIVE);
  }

  private static void tar(TarArchiveOutputStream out) throws IOException {
    try (out) {
      var entry = new TarArchiveEntry("1.png");
      entry.setSize(PICTURE.length);
      out.putArchiveEntry(entry);
      out.write(PICTURE);
      out.closeArchiveEntry();
    }
  }

  @Test
  void theFormatsOfMnistAndCifarAreTold() throws IOException {
    assertThat(kind(Files64.IMAGES)).isEqualTo(InputKind.IDX);
    file("cifar/data_batch_1.bin", new byte[3073]);
    file("cifar/batches.meta.txt", new byte[1]);
    assertThat(kind(folder.resolve("cifar"))).isEqualTo(InputKind.CIFAR10);
    assertThat(kind(folder.resolve("cifar/data_batch_1.bin"))).isEqualTo(InputKind.CIFAR10);
  }

  @Test
  void aFolderOfPicturesIsToldAtAnyDepth() throws IOException {
    file("pets/cats/young/1.JPG", PICTURE);
    file("pets/.hidden/a.parquet", PICTURE);

    assertThat(kind(folder.resolve("pets"))).isEqualTo(InputKind.FOLDER);
  }

  @Test
  void foldersThatLeadToThemselvesAreLookedAtOnce() throws IOException {
    Path loop = Files.createDirectories(folder.resolve("loop"));
    Files.createSymbolicLink(loop.resolve("a"), loop);
    Files.createSymbolicLink(loop.resolve("b"), loop);
    file("loop/notes.txt", new byte[1]);

    assertUnclear("do not tell what they are", loop);
  }

  @Test
  void whereTheBeginningTellsNothingTheNameDoes() throws IOException {
    assertThat(kind(file("old.tar", new byte[600]))).isEqualTo(InputKind.ARCHIVE);
  }

  @Test
  void aFileSystemThatIsNotThereIsOfTheEnvironment() {
    assertThatThrownBy(() -> kind("hdfs://no.such.host.invalid:1/x"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT));
  }

  @Test
  void severalKindsAreRefused() throws IOException {
    file("mixed/1.png", PICTURE);
    file("mixed/2.zip", new byte[3]);

    assertUnclear("folder (1.png), archive (2.zip)", folder.resolve("mixed"));
    assertUnclear(
        "the inputs hold images in several forms, idx", Files64.IMAGES, table("t", "parquet"));
  }

  @Test
  void whatTellsNothingIsRefused() throws IOException {
    assertUnclear("is a single picture: name the folder", file("1.png", PICTURE));
    assertUnclear("does not begin as files of one of these do", file("x", new byte[600]));
    assertUnclear("is an IDX file of labels", Files64.LABELS);
    assertThatThrownBy(() -> kind(file("empty", new byte[0]))).hasMessageEndingWith("is empty.");
    assertUnclear("do not tell what they are", file("notes/a.txt", new byte[3]).getParent());
    assertThatThrownBy(() -> kind(folder.resolve("none"))).hasMessageContaining("does not exist");
  }

  private static void assertUnclear(String message, Object... inputs) {
    assertThatThrownBy(() -> kind(inputs))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining(message);
  }
}
