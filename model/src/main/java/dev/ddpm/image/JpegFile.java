package dev.ddpm.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * A JPEG file without what would change the meaning of its samples: colour profiles and other notes
 * are gone, and one marker says what the components are, by the rules of libjpeg. The platform's
 * decoder has rules of its own, converts by profiles, and refuses a picture whose profile is
 * damaged.
 *
 * @param encoded the file to decode
 * @param inks whether the picture has four components: cyan, magenta, yellow and black
 * @param ycck whether three of the four inks are stored as brightness and colour differences
 * @param exif the EXIF data; empty if there are none
 */
// The array is never compared.
@SuppressWarnings("ArrayRecordComponent")
record JpegFile(byte[] encoded, boolean inks, boolean ycck, ByteBuffer exif) {
  private static final int SOI = 0xd8;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP14 = 0xee;
  private static final int APP15 = 0xef;
  private static final int COMMENT = 0xfe;

  private static final byte[] JFIF = "JFIF\0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final int ADOBE_TRANSFORM = 11;

  /** Values of the transform in Adobe's marker. */
  private static final int AS_STORED = 0;

  private static final int YCBCR = 1;
  private static final int YCCK = 2;
  private static final int NO_MARKER = -1;

  /** Height and width of a picture, each 1 to 65535. */
  record Size(int height, int width) {}

  /** The size that a file tells; empty if it tells none at its place. */
  static Optional<Size> size(byte[] file) {
    int at = 2;
    while (at + 9 <= file.length && file[at] == -1) {
      int marker = file[at + 1] & 0xff;
      if (marker == 0xff) {
        at++;
        continue;
      }
      if (isFrame(marker)) {
        Size size = new Size(number(file, at + 5), number(file, at + 7));
        return size.height > 0 && size.width > 0 ? Optional.of(size) : Optional.empty();
      }
      at += 2 + number(file, at + 2);
    }
    return Optional.empty();
  }

  private static int number(byte[] file, int at) {
    return (file[at] & 0xff) << 8 | (file[at + 1] & 0xff);
  }

  /** Reads the markers of a file; one whose markers cannot be followed stays as it is. */
  static JpegFile of(byte[] file) {
    ByteArrayOutputStream rest = new ByteArrayOutputStream(file.length);
    ByteBuffer exif = ByteBuffer.allocate(0);
    boolean jfif = false;
    int adobe = NO_MARKER;
    byte[] components = new byte[0];
    int at = 2;
    while (at + 4 <= file.length && file[at] == -1) {
      int marker = file[at + 1] & 0xff;
      if (marker == 0xff) {
        at++;
        continue;
      }
      int length = number(file, at + 2);
      int data = at + 4;
      int end = at + 2 + length;
      if (length < 2 || end > file.length) {
        break;
      }
      if (marker == SOS) {
        rest.write(file, at, file.length - at);
        return new JpegFile(
            concat(beginning(jfif, adobe, components), rest.toByteArray()),
            components.length == 4,
            adobe == YCCK,
            exif);
      }
      if (marker == APP0 && begins(file, data, end, JFIF)) {
        jfif = true;
      } else if (marker == APP14 && begins(file, data, end, ADOBE)) {
        adobe = end - data > ADOBE_TRANSFORM ? file[data + ADOBE_TRANSFORM] : adobe;
      } else if (marker == APP1 && !exif.hasRemaining() && begins(file, data, end, EXIF)) {
        exif = ByteBuffer.wrap(file, data + EXIF.length, end - data - EXIF.length);
      } else if (isFrame(marker)) {
        components = ids(file, data, end);
      }
      if (marker < APP0 || (marker > APP15 && marker != COMMENT)) {
        rest.write(file, at, end - at);
      }
      at = end;
    }
    return new JpegFile(file, false, false, exif);
  }

  private static boolean begins(byte[] file, int from, int to, byte[] text) {
    return to - from >= text.length
        && Arrays.equals(file, from, from + text.length, text, 0, text.length);
  }

  private static boolean isFrame(int marker) {
    // Among the markers of frames are those of Huffman tables, of extensions and of arithmetic
    // coding.
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  private static byte[] ids(byte[] file, int data, int end) {
    int count = end - data > 5 ? file[data + 5] & 0xff : 0;
    byte[] ids = new byte[Math.min(count, (end - data - 6) / 3)];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = file[data + 6 + 3 * i];
    }
    return ids;
  }

  /** The beginning of the file: what its components are. */
  private static byte[] beginning(boolean jfif, int adobe, byte[] components) {
    int transform =
        switch (components.length) {
          case 3 -> isRgb(jfif, adobe, components) ? AS_STORED : YCBCR;
          case 4 -> adobe;
          default -> NO_MARKER;
        };
    ByteBuffer start = ByteBuffer.allocate(transform == NO_MARKER ? 2 : 18);
    start.put((byte) 0xff).put((byte) SOI);
    if (transform != NO_MARKER) {
      start.put((byte) 0xff).put((byte) APP14).putShort((short) 14).put(ADOBE);
      start.putShort((short) 100).putInt(0).put((byte) transform);
    }
    return start.array();
  }

  private static boolean isRgb(boolean jfif, int adobe, byte[] components) {
    if (jfif) {
      return false;
    }
    return adobe == NO_MARKER
        ? Arrays.equals(components, new byte[] {'R', 'G', 'B'})
        : adobe == AS_STORED;
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }
}
