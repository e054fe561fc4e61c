package dev.ddpm.spark.bench;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Makes many pictures to time {@code ddpm ingest} with: {@code ManyPictures folder|tar COUNT
 * OUTPUT} writes JPEG files of 64×64 in ten class folders of a thousand folders each, or in tar
 * archives of 10,000 pictures. {@code spark-job/INGEST.md} has what was measured with them.
 */
final class ManyPictures {
  private static final int SIDE = 64;
  private static final int CLASSES = 10;
  private static final int FOLDERS = 1000;
  private static final int PER_ARCHIVE = 10_000;

  /** So many differ; the next ones are the same again, since encoding takes longest. */
  private static final int DISTINCT = 1000;

  private ManyPictures() {}

  /** Writes the pictures. */
  public static void main(String[] arguments) throws IOException {
    byte[][] pictures = new byte[DISTINCT][];
    for (int i = 0; i < DISTINCT; i++) {
      pictures[i] = jpeg(i);
    }
    int count = Integer.parseInt(arguments[1]);
    Path output = Path.of(arguments[2]);
    if (arguments[0].equals("tar")) {
      writeArchives(pictures, count, Files.createDirectories(output));
    } else {
      writeFiles(pictures, count, output);
    }
  }

  private static void writeFiles(byte[][] pictures, int count, Path output) throws IOException {
    for (int i = 0; i < count; i++) {
      int folder = i % (CLASSES * FOLDERS);
      Path parent = output.resolve("class-" + folder % CLASSES + "/" + folder / CLASSES);
      if (i < CLASSES * FOLDERS) {
        Files.createDirectories(parent);
      }
      Files.write(parent.resolve(i + ".jpg"), pictures[i % DISTINCT]);
    }
  }

  private static void writeArchives(byte[][] pictures, int count, Path output) throws IOException {
    for (int first = 0; first < count; first += PER_ARCHIVE) {
      Path archive = output.resolve(String.format(Locale.ROOT, "train-%06d.tar", first));
      try (OutputStream file = Files.newOutputStream(archive);
          TarArchiveOutputStream tar = new TarArchiveOutputStream(file)) {
        for (int i = first; i < Math.min(count, first + PER_ARCHIVE); i++) {
          add(tar, i + ".jpg", pictures[i % DISTINCT]);
          add(tar, i + ".cls", Integer.toString(i % CLASSES).getBytes(StandardCharsets.US_ASCII));
        }
      }
    }
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    var entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static byte[] jpeg(int i) throws IOException {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        int red = (int) (127 + 120 * Math.sin(x / 7.0 + i));
        int green = (int) (127 + 120 * Math.sin(y / 5.0 + i / 3.0));
        int blue = x * y / 16 * (i % 7) & 0xff;
        image.setRGB(x, y, red << 16 | green << 8 | blue);
      }
    }
    var bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", bytes);
    return bytes.toByteArray();
  }
}
