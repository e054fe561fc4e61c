package dev.ddpm.spark.sample;

import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.checkpoint.SetDigest;
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
 *   <li>the fingerprint: a {@link SetDigest} of the images, so folders compare that were cut into
 *       other files
 * </ul>
 */
final class ImageDigest {
  private final MessageDigest all = Checksum.digest();
  private final MessageDigest one = Checksum.digest();
  private final SetDigest fingerprint = new SetDigest();
  private final ByteBuffer index = ByteBuffer.allocate(Long.BYTES);

  /** Adds an image; indices must rise. */
  void add(long sampleIndex, byte[] levels) {
    byte[] prefix = index.putLong(0, sampleIndex).array();
    all.update(prefix);
    all.update(levels);
    one.update(prefix);
    one.update(levels);
    fingerprint.add(one.digest());
  }

  /** The checksum of the images so far, 64 hexadecimal digits; ends the adding. */
  String checksum() {
    return HexFormat.of().formatHex(all.digest());
  }

  /** The fingerprint of the images so far, 64 hexadecimal digits. */
  String fingerprint() {
    return fingerprint.hex();
  }

  /** The fingerprint of a whole from those of its parts. */
  static String fingerprint(Iterable<String> parts) {
    var whole = new SetDigest();
    for (String part : parts) {
      whole.add(HexFormat.of().parseHex(part));
    }
    return whole.hex();
  }
}
