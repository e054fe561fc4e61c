package dev.ddpm.spark.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Tells two builds of a jar apart by the checksums in its directory, without reading the hundreds
 * of megabytes in it.
 */
final class JarFingerprint {
  private JarFingerprint() {}

  /**
   * The fingerprint of a jar: eight hexadecimal digits of the names and checksums of its entries.
   *
   * @param location a jar; for a folder of classes the answer is "classes"
   */
  static String of(Path location) throws IOException {
    if (Files.isDirectory(location)) {
      return "classes";
    }
    CRC32 sum = new CRC32();
    try (ZipFile jar = new ZipFile(location.toFile())) {
      for (ZipEntry entry : Collections.list(jar.entries())) {
        sum.update(entry.getName().getBytes(StandardCharsets.UTF_8));
        sum.update(ByteBuffer.allocate(Long.BYTES).putLong(0, entry.getCrc()));
      }
    }
    return String.format(Locale.ROOT, "%08x", sum.getValue());
  }
}
