package dev.ddpm.spark.sample;

import dev.ddpm.fuzz.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damage to the manifest of a folder of samples is noticed. */
class ManifestFuzzTest {
  private static final Map<String, String> SETTINGS =
      Map.of("model", "a1b2", "sampler", "ddim", "sampling.steps", "50", "seed", "0");

  @TempDir private Path folder;

  @Test
  void manifest() throws Exception {
    String output = folder.resolve("samples").toString();
    SampleFolder.open(output, new Configuration(), SETTINGS);
    Path file = Path.of(output, Manifest.FILE_NAME);
    new Fuzz(
            Files.readAllBytes(file),
            bytes -> {
              Files.deleteIfExists(file.resolveSibling("." + Manifest.FILE_NAME + ".crc"));
              Files.write(file, bytes);
              SampleFolder.open(output, new Configuration(), SETTINGS);
              return "opened";
            })
        .run();
  }
}
