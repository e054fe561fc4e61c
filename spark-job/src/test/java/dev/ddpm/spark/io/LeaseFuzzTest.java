package dev.ddpm.spark.io;

import dev.ddpm.DdpmException.Category;
import dev.ddpm.fuzz.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged lease does not block its folder: it is no sign of life. */
class LeaseFuzzTest {
  private static final Duration EXPIRY = Duration.ofMillis(60);

  @TempDir private Path folder;

  @Test
  void lease() throws Exception {
    Path leases = folder.resolve(".lease");
    Path file = leases.resolve("lease-000001.json");
    acquire();
    new Fuzz(
            Files.readAllBytes(file),
            bytes -> {
              empty(leases);
              Files.write(file, bytes);
              acquire();
              return "acquired";
            })
        .refusedAs(Category.ENVIRONMENT)
        .costly(2)
        .run();
  }

  private void acquire() {
    Lease.acquire(folder.toString(), new Configuration(), EXPIRY).close();
  }

  private static void empty(Path leases) throws Exception {
    List<Path> files;
    try (Stream<Path> listed = Files.list(leases)) {
      files = listed.toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }
}
