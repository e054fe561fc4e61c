package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * The chunks of a PNG file: each has a length, a type of four letters, data, and a checksum, which
 * the platform's decoder does not look at.
 */
final class PngChunks {
  private static final int SIGNATURE = 8;
  private static final int END = 0x49454e44;
  private static final int EXIF = 0x65584966;

  private PngChunks() {}

  /**
   * Compares the checksums of all chunks up to the last, IEND. What follows that is no part of the
   * picture.
   *
   * @param encoded a file that begins as a PNG file does
   * @param name what to call it in errors
   * @return the EXIF data; empty if there are none
   * @throws DdpmException (data) if a checksum is another, or the file ends before IEND
   */
  static ByteBuffer exifOfChecked(byte[] encoded, String name) {
    ByteBuffer file = ByteBuffer.wrap(encoded, SIGNATURE, encoded.length - SIGNATURE);
    ByteBuffer exif = ByteBuffer.allocate(0);
    CRC32 crc = new CRC32();
    int type;
    do {
      if (file.remaining() < 12) {
        throw truncated(name);
      }
      int length = file.getInt();
      if (length < 0 || length > file.remaining() - 8) {
        throw truncated(name);
      }
      int start = file.position();
      type = file.getInt();
      crc.reset();
      crc.update(encoded, start, length + 4);
      file.position(start + 4 + length);
      if (file.getInt() != (int) crc.getValue()) {
        throw DdpmException.data(
            "%s is a damaged PNG file: the checksum of its chunk %s at byte %d is wrong.",
            name, typeName(encoded, start), start - 4);
      }
      if (type == EXIF) {
        exif = ByteBuffer.wrap(encoded, start + 4, length);
      }
    } while (type != END);
    return exif;
  }

  private static DdpmException truncated(String name) {
    return DdpmException.data("%s is a damaged PNG file: it ends before its last chunk.", name);
  }

  /** Four letters; of a type that is damaged, its bytes. */
  private static String typeName(byte[] encoded, int start) {
    String letters = new String(encoded, start, 4, StandardCharsets.ISO_8859_1);
    return letters.matches("[A-Za-z]{4}")
        ? letters
        : HexFormat.of().formatHex(encoded, start, start + 4);
  }
}
