package dev.ddpm.spark.sample;

import dev.ddpm.image.RawImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes images as NumPy's {@code .npz}: {@code arr_0}, uint8 of shape (images, height, width,
 * channels), the array that evaluation tools look for, and {@code sample_index}, int64 of shape
 * (images). The same images give the same bytes.
 */
final class NpzFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  private static final int ALIGNMENT = 64;

  private NpzFile() {}

  /**
   * Writes a file.
   *
   * @param indices sample index of each image
   * @param images at least one, all of one shape
   */
  static void write(OutputStream out, List<Long> indices, List<RawImage> images)
      throws IOException {
    RawImage first = images.get(0);
    ZipOutputStream zip = new ZipOutputStream(out);
    entry(zip, "arr_0");
    zip.write(
        header(
            "|u1",
            "(%d, %d, %d, %d)"
                .formatted(images.size(), first.height(), first.width(), first.channels())));
    for (RawImage image : images) {
      zip.write(image.pixels());
    }
    zip.closeEntry();
    entry(zip, "sample_index");
    zip.write(header("<i8", "(%d,)".formatted(indices.size())));
    ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long index : indices) {
      zip.write(number.putLong(0, index).array());
    }
    zip.closeEntry();
    zip.finish();
  }

  private static void entry(ZipOutputStream zip, String array) throws IOException {
    ZipEntry entry = new ZipEntry(array + ".npy");
    entry.setLastModifiedTime(FileTime.fromMillis(0));
    zip.putNextEntry(entry);
  }

  private static byte[] header(String type, String shape) {
    String text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }".formatted(type, shape);
    int unpadded = MAGIC.length + Short.BYTES + text.length() + 1;
    int padding = (ALIGNMENT - unpadded % ALIGNMENT) % ALIGNMENT;
    byte[] line = (text + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(MAGIC.length + Short.BYTES + line.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .putShort((short) line.length)
        .put(line)
        .array();
  }
}
