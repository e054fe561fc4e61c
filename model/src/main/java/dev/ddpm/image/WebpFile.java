package dev.ddpm.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A WebP file without its colour profile, by which the decoder would refuse a good picture if it is
 * damaged.
 *
 * @param encoded the file to decode
 * @param exif the EXIF data; empty if there are none
 */
// The array is never compared.
@SuppressWarnings("ArrayRecordComponent")
record WebpFile(byte[] encoded, ByteBuffer exif) {
  private static final int CHUNKS = 12;
  private static final int EXTENDED = 0x58385056;
  private static final int PROFILE = 0x50434349;
  private static final int EXIF = 0x46495845;
  private static final int UNKNOWN = 0x6e6b6e75;
  private static final byte HAS_PROFILE = 0x20;

  /** Reads the chunks of a file, as far as they go. */
  static WebpFile of(byte[] file) {
    byte[] encoded = file.clone();
    ByteBuffer chunks = ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer exif = ByteBuffer.allocate(0);
    int at = CHUNKS;
    while (at <= encoded.length - 8) {
      int type = chunks.getInt(at);
      int length = chunks.getInt(at + 4);
      if (length < 0 || length > encoded.length - at - 8) {
        break;
      }
      if (type == EXTENDED && length > 0) {
        encoded[at + 8] &= ~HAS_PROFILE;
      } else if (type == PROFILE) {
        chunks.putInt(at, UNKNOWN);
      } else if (type == EXIF) {
        exif = ByteBuffer.wrap(encoded, at + 8, length);
      }
      at += 8 + length + (length & 1);
    }
    return new WebpFile(encoded, exif);
  }
}
