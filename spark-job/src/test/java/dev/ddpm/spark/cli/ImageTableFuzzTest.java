package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.dataset.TableDescription;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Damage to the files of an image table is one line, as the command line tells it. */
class ImageTableFuzzTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int IMAGES = 20;

  @TempDir private Path folder;
  private Path table;

  @BeforeEach
  void write() {
    table = folder.resolve("table");
    Random random = new Random(1);
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < IMAGES; i++) {
      byte[] pixels = new byte[64];
      random.nextBytes(pixels);
      images.add(pixels);
    }
    RawTable.of(SPARK.session(), 8, 8, images).coalesce(1).write().parquet(table.toString());
    new TableDescription(
            IMAGES, 8, 8, 1, List.of("a", "b"), "test", "none", 0, "test", "0123456789abcdef")
        .write(new org.apache.hadoop.fs.Path(table.toString()), new Configuration());
  }

  private List<Object> images() {
    try {
      ImageTableReader reader = ImageTableReader.open(SPARK.session(), table.toString());
      List<Object> read = new ArrayList<>(List.of(reader.labelNames(), reader.fingerprint()));
      reader.rows().collect().forEach(row -> read.add(List.of(row.id(), row.pixels().length)));
      return read;
    } catch (Exception thrown) {
      Failure failure = Failure.of(thrown);
      if (failure.category() == DdpmException.Category.DATA) {
        throw DdpmException.data("%s", failure.message());
      }
      throw thrown;
    }
  }

  private Fuzz fuzz(Path file) throws Exception {
    byte[] good = Files.readAllBytes(file);
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    return new Fuzz(
            good,
            bytes -> {
              Files.write(file, bytes);
              return images();
            })
        .costly(10);
  }

  @Test
  void description() throws Exception {
    fuzz(table.resolve(TableDescription.FILE_NAME)).run();
  }

  /** Of a table that other programs may have written, which has no checksum. */
  @Test
  void rows() throws Exception {
    Path part;
    try (Stream<Path> files = Files.list(table)) {
      part = files.filter(file -> file.toString().endsWith(".parquet")).findFirst().orElseThrow();
    }
    fuzz(part).withoutChecksum().run();
  }
}
