package dev.ddpm.spark.sample;

import dev.ddpm.checkpoint.Checksum;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * Checksums of images by what one sees of them. An image is hashed as its index (8 bytes, the
 * highest first) followed by its levels (height, width, channel), so that neither compression nor
 * file layout matters.
 *
 * <ul>
 *   <li>the checksum: SHA-256 over all images, in the order of their indices
 *   <li>the fingerprint: the exclusive or of the SHA-256 of each image. That of a whole is the
 *       exclusive or of its parts', so folders compare that were cut into other files
 * </ul>
 */
final class ImageDigest {
  private static final int BYTES = 32;

  private final MessageDigest all = Checksum.digest();
  private final MessageDigest one = Checksum.digest();
  private final byte[] fingerprint = new byte[BYTES];
  private final ByteBuffer index = ByteBuffer.allocate(Long.BYTES);

  /** Adds an image; indices must rise. */
  void add(long sampleIndex, byte[] levels) {
    byte[] prefix = index.putLong(0, sampleIndex).array();
    all.update(prefix);
    all.update(levels);
    one.update(prefix);
    one.update(levels);
    combine(one.digest(), fingerprint);
  }

  /** The checksum of the images so far, 64 hexadecimal digits; ends the adding. */
  String checksum() {
    return HexFormat.of().formatHex(all.digest());
  }

  /** The fingerprint of the images so far, 64 hexadecimal digits. */
  String fingerprint() {
    return HexFormat.of().formatHex(fingerprint);
  }

  /** The fingerprint of a whole from those of its parts. */
  static String fingerprint(Iterable<String> parts) {
    byte[] whole = new byte[BYTES];
    for (String part : parts) {
      combine(HexFormat.of().parseHex(part), whole);
    }
    return HexFormat.of().formatHex(whole);
  }

  private static void combine(byte[] part, byte[] whole) {
    for (int i = 0; i < BYTES; i++) {
      whole[i] ^= part[i];
    }
  }
}
