package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JarFingerprintTest {
  @TempDir Path folder;

  @Test
  void dependsOnTheContentAndNotOnTheTime() throws IOException {
    String one = JarFingerprint.of(jar("a.jar", "A.class", "code", 1_000_000_000L));

    assertThat(one).matches("[0-9a-f]{8}");
    assertThat(JarFingerprint.of(jar("b.jar", "A.class", "code", 2_000_000_000L))).isEqualTo(one);
    assertThat(JarFingerprint.of(jar("c.jar", "A.class", "edoc", 1_000_000_000L)))
        .isNotEqualTo(one);
    assertThat(JarFingerprint.of(jar("d.jar", "B.class", "code", 1_000_000_000L)))
        .isNotEqualTo(one);
  }

  @Test
  void aFolderOfClassesHasNone() throws IOException {
    assertThat(JarFingerprint.of(folder)).isEqualTo("classes");
  }

  private Path jar(String name, String entryName, String content, long time) throws IOException {
    Path jar = folder.resolve(name);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      ZipEntry entry = new ZipEntry(entryName);
      entry.setTime(time);
      zip.putNextEntry(entry);
      zip.write(content.getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
    }
    return jar;
  }
}
