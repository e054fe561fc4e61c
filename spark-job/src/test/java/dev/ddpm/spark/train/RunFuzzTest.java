package dev.ddpm.spark.train;

import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.spark.io.HadoopFileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damage to the documents of a training run. */
class RunFuzzTest {
  @TempDir private Path folder;

  /**
   * Has no checksum: a line that can be read is taken, and one that cannot is told and left out.
   */
  @Test
  void metrics() throws Exception {
    MetricsFile metrics =
        new MetricsFile(new HadoopFileStore(folder.toString(), new Configuration()));
    Path file = folder.resolve("metrics.jsonl");
    new Fuzz(
            Files.readAllBytes(Path.of("src/test/resources/stored/0.1/finished/metrics.jsonl")),
            bytes -> {
              replace(file, bytes);
              return metrics.upTo(Long.MAX_VALUE);
            })
        .withoutChecksum()
        .run();
  }

  /** As on a file system that keeps no checksum beside the file. */
  private static void replace(Path file, byte[] bytes) throws Exception {
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    Files.write(file, bytes);
  }
}
