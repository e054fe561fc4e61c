package dev.ddpm.spark.train;

import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.spark.io.HadoopFileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damage to the documents of a training run. */
class RunFuzzTest {
  private static final Duration EXPIRY = Duration.ofMillis(60);

  @TempDir private Path folder;

  @Test
  void version() throws Exception {
    String run = folder.resolve("run").toString();
    RunFolder.open(run, new Configuration(), EXPIRY).close();
    Path file = Path.of(run, "run.json");
    new Fuzz(
            Files.readAllBytes(file),
            bytes -> {
              replace(file, bytes);
              RunFolder.open(run, new Configuration(), EXPIRY).close();
              return "opened";
            })
        .costly(2)
        .run();
  }

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
