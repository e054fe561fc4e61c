package dev.ddpm.spark.io;

import dev.ddpm.DdpmException;
import dev.ddpm.fuzz.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** Parquet files that carry a digest of themselves. */
public final class SealedFile {
  private SealedFile() {}

  /** Checks that a file is intact, and that damage to it is noticed. */
  public static void requireDamageIsNoticed(Path file) throws Exception {
    new Fuzz(
            Files.readAllBytes(file),
            bytes -> {
              Files.write(file, bytes);
              return intact(file);
            })
        .run();
  }

  private static String intact(Path file) throws Exception {
    Configuration configuration = new Configuration(false);
    var path = new org.apache.hadoop.fs.Path(file.toUri());
    try {
      if (ParquetSeal.check(
              FileSystem.getLocal(configuration).getRaw().getFileStatus(path), configuration)
          .isEmpty()) {
        return "intact";
      }
    } catch (DamagedFileException damaged) {
      throw DdpmException.data(damaged, "%s is damaged: %s.", file, damaged.getMessage());
    }
    throw DdpmException.data("%s carries no digest.", file);
  }
}
