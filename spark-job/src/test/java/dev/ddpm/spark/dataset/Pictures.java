package dev.ddpm.spark.dataset;

import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;

/** Picture files for the tests. */
public final class Pictures {
  private Pictures() {}

  /** An image of one value. */
  public static RawImage even(int height, int width, int channels, int value) {
    byte[] pixels = new byte[height * width * channels];
    Arrays.fill(pixels, (byte) value);
    return new RawImage(height, width, channels, pixels);
  }

  /** Writes a PNG file, and the folders above it. */
  public static void png(Path file, RawImage image) {
    bytes(file, ImageCodec.encodePng(image));
  }

  /** Writes a file, and the folders above it. */
  public static void bytes(Path file, byte[] content) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes an even RGB picture by the platform's encoder. */
  public static void colour(Path file, String format, int height, int width, int rgb) {
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < height * width; i++) {
      picture.setRGB(i % width, i / width, rgb);
    }
    try {
      Files.createDirectories(file.getParent());
      if (!ImageIO.write(picture, format, file.toFile())) {
        throw new IllegalArgumentException("no writer for " + format);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
