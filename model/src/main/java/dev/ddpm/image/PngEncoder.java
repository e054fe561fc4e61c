package dev.ddpm.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes PNG (ISO/IEC 15948) of 8 bits per channel: signature, IHDR, one IDAT, IEND, nothing else.
 * The filter of each row is the one with the least sum of absolute values, as the standard
 * suggests. No times, no texts: the same pixels give the same bytes on the same JVM.
 */
final class PngEncoder {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int FILTERS = 5;

  private PngEncoder() {}

  static byte[] encode(RawImage image) {
    ByteBuffer header = ByteBuffer.allocate(13);
    header.putInt(image.width()).putInt(image.height()).put((byte) 8);
    header.put(colourType(image.channels())).put(new byte[3]);
    ByteArrayOutputStream out = new ByteArrayOutputStream(image.pixels().length / 2 + 128);
    out.writeBytes(SIGNATURE);
    chunk(out, "IHDR", header.array());
    chunk(out, "IDAT", deflate(filter(image)));
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static byte colourType(int channels) {
    return switch (channels) {
      case 1 -> 0;
      case 3 -> 2;
      default -> 6;
    };
  }

  private static byte[] filter(RawImage image) {
    int stride = image.channels();
    int rowSize = image.width() * stride;
    byte[] pixels = image.pixels();
    byte[] filtered = new byte[image.height() * (rowSize + 1)];
    byte[] candidate = new byte[rowSize];
    for (int y = 0; y < image.height(); y++) {
      int out = y * (rowSize + 1);
      long least = Long.MAX_VALUE;
      for (int type = 0; type < FILTERS; type++) {
        long sum = 0;
        for (int i = 0; i < rowSize; i++) {
          int at = y * rowSize + i;
          int left = i < stride ? 0 : pixels[at - stride] & 0xff;
          int up = y == 0 ? 0 : pixels[at - rowSize] & 0xff;
          int upLeft = i < stride || y == 0 ? 0 : pixels[at - rowSize - stride] & 0xff;
          candidate[i] = (byte) ((pixels[at] & 0xff) - prediction(type, left, up, upLeft));
          sum += Math.abs((int) candidate[i]);
        }
        if (sum < least) {
          least = sum;
          filtered[out] = (byte) type;
          System.arraycopy(candidate, 0, filtered, out + 1, rowSize);
        }
      }
    }
    return filtered;
  }

  private static int prediction(int type, int left, int up, int upLeft) {
    return switch (type) {
      case 0 -> 0;
      case 1 -> left;
      case 2 -> up;
      case 3 -> (left + up) / 2;
      default -> paeth(left, up, upLeft);
    };
  }

  private static int paeth(int left, int up, int upLeft) {
    int estimate = left + up - upLeft;
    int toLeft = Math.abs(estimate - left);
    int toUp = Math.abs(estimate - up);
    int toUpLeft = Math.abs(estimate - upLeft);
    if (toLeft <= toUp && toLeft <= toUpLeft) {
      return left;
    }
    return toUp <= toUpLeft ? up : upLeft;
  }

  private static byte[] deflate(byte[] data) {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    try {
      deflater.setInput(data);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream(data.length / 2 + 64);
      byte[] buffer = new byte[8192];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
    ByteBuffer chunk = ByteBuffer.allocate(data.length + 12);
    chunk.putInt(data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data);
    CRC32 crc = new CRC32();
    crc.update(chunk.array(), 4, data.length + 4);
    chunk.putInt((int) crc.getValue());
    out.writeBytes(chunk.array());
  }
}
