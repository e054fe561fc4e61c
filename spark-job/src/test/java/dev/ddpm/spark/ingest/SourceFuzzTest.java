package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.RawImage;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.Files64;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Damage to the files of a data set is noticed where they have checksums, and told in one line. */
class SourceFuzzTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int COST = 20;

  @TempDir private Path folder;

  private Fuzz fuzz(byte[] good, ImageSource source, Path file, Channels channels) {
    Preparation preparation =
        new Preparation(
            Orientation.APPLY, new ChannelPolicy(channels, Rgb.WHITE), Optional.empty());
    return new Fuzz(
            good,
            bytes -> {
              Files.write(file, bytes);
              return rows(source, preparation);
            })
        .costly(COST);
  }

  /** What a task threw, without what Spark wraps it in. */
  private static List<Object> rows(ImageSource source, Preparation preparation) throws Exception {
    try {
      SourceImages images = source.read(SPARK.session(), preparation);
      List<Object> read = new ArrayList<>(images.labelNames());
      images.leftOut().forEach(leftOut -> read.add(leftOut.toString()));
      images.candidates().collectAsList().stream()
          .map(SourceFuzzTest::good)
          .map(SourceFuzzTest::values)
          .forEach(read::add);
      return read;
    } catch (Exception thrown) {
      for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
        if (cause instanceof DdpmException told) {
          throw told;
        }
      }
      throw thrown;
    }
  }

  /** A bad image is damage that was noticed. */
  private static Row good(Row row) {
    if (row.getAs("reason") != null) {
      throw DdpmException.data("%s", row.<String>getAs("reason"));
    }
    return row;
  }

  private static List<Object> values(Row row) {
    byte[] image = row.getAs("image");
    return Arrays.asList(row.getString(0), row.getLong(1), row.get(3), Arrays.hashCode(image));
  }

  private static byte[] unzipped(String path) throws IOException {
    try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(Path.of(path)))) {
      return in.readAllBytes();
    }
  }

  private static IdxSource idx(Path images, Path labels) {
    return new IdxSource(images.toString(), Optional.of(labels.toString()), List.of());
  }

  @Test
  void compressedImages() throws Exception {
    Path file = folder.resolve("images.gz");
    fuzz(
            Files.readAllBytes(Path.of(Files64.IMAGES)),
            idx(file, Path.of(Files64.LABELS)),
            file,
            Channels.GREY)
        .run();
  }

  @Test
  void compressedLabels() throws Exception {
    Path file = folder.resolve("labels.gz");
    fuzz(
            Files.readAllBytes(Path.of(Files64.LABELS)),
            idx(Path.of(Files64.IMAGES), file),
            file,
            Channels.GREY)
        .run();
  }

  @Test
  void images() throws Exception {
    Path file = folder.resolve("images");
    fuzz(unzipped(Files64.IMAGES), idx(file, Path.of(Files64.LABELS)), file, Channels.GREY)
        .withoutChecksum()
        .run();
  }

  @Test
  void labels() throws Exception {
    Path file = folder.resolve("labels");
    fuzz(unzipped(Files64.LABELS), idx(Path.of(Files64.IMAGES), file), file, Channels.GREY)
        .withoutChecksum()
        .run();
  }

  @Test
  void cifar() throws Exception {
    Path file = folder.resolve("data_batch_1.bin");
    byte[] batch = new byte[3 * 3073];
    new SplittableRandom(1).nextBytes(batch);
    for (int image = 0; image < 3; image++) {
      batch[image * 3073] = (byte) image;
    }
    fuzz(batch, new CifarSource(List.of(file.toString())), file, Channels.RGB)
        .withoutChecksum()
        .run();
  }

  private Fuzz archive(byte[] good) {
    Path file = folder.resolve("archive");
    return fuzz(
        good,
        new ArchiveSource(List.of(file.toString()), Optional.empty(), false),
        file,
        Channels.GREY);
  }

  private static byte[] stored(String name) throws IOException {
    return Files.readAllBytes(Path.of("src/test/resources/archives").resolve(name));
  }

  @Test
  void tar() throws Exception {
    archive(stored("json.tar")).withoutChecksum().run();
  }

  @Test
  void compressedTar() throws Exception {
    archive(stored("bsd.tar.gz")).run();
  }

  @Test
  void zip() throws Exception {
    archive(stored("info.zip")).run();
  }

  @Test
  void zipWithNotes() throws Exception {
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      for (int i = 0; i < 8; i++) {
        out.putNextEntry(new ZipEntry(i + ".cls"));
        out.write(("class " + i).getBytes(StandardCharsets.UTF_8));
        out.putNextEntry(new ZipEntry(i + ".png"));
        out.write(ImageCodec.encodePng(new RawImage(1, 1, 1, new byte[] {(byte) i})));
      }
    }
    archive(zip.toByteArray()).run();
  }
}
