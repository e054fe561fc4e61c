package dev.ddpm.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/** Pictures and files for the tests of this package. */
final class Pictures {
  private Pictures() {}

  /** An image without symmetry, so that swapped axes and channels show. */
  static RawImage varied(int height, int width, int channels) {
    byte[] pixels = new byte[height * width * channels];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 37 + i / 5 * 11);
    }
    return new RawImage(height, width, channels, pixels);
  }

  static RawImage of(int height, int width, int channels, int... values) {
    byte[] pixels = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      pixels[i] = (byte) values[i];
    }
    return new RawImage(height, width, channels, pixels);
  }

  /** Writes a file by the platform's encoder. */
  static byte[] file(String format, BufferedImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(image, format, out)) {
        throw new IllegalArgumentException("no writer for " + format);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
