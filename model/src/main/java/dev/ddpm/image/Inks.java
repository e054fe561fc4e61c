package dev.ddpm.image;

import java.awt.image.Raster;

/**
 * Pictures for printing, of cyan, magenta, yellow and black, as colours: each ink takes away its
 * part of the light, black of all. Pillow computes the same; no profile is consulted.
 */
final class Inks {
  private static final int INKS = 4;
  private static final int MAX = 255;

  /** Fixed-point factors of libjpeg's conversion from YCbCr, of 16 bits after the point. */
  private static final int CR_RED = 91881;

  private static final int CB_BLUE = 116130;
  private static final int CR_GREEN = 46802;
  private static final int CB_GREEN = 22554;
  private static final int HALF = 1 << 15;

  private Inks() {}

  /**
   * Colours of 8-bit inks.
   *
   * @param inverted whether 255 is no ink, as Adobe stores it in JPEG
   */
  static RawImage toRgb(Raster raster, boolean inverted) {
    int width = raster.getWidth();
    byte[] pixels = new byte[raster.getHeight() * width * 3];
    int[] line = new int[width * INKS];
    int o = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, line);
      for (int i = 0; i < line.length; i += INKS) {
        int flip = inverted ? MAX : 0;
        int light = MAX - (line[i + 3] ^ flip);
        for (int c = 0; c < 3; c++) {
          pixels[o++] = (byte) left(light, line[i + c] ^ flip);
        }
      }
    }
    return new RawImage(raster.getHeight(), width, 3, pixels);
  }

  /** Colours of a JPEG picture in YCCK: inverted inks, cyan to yellow as YCbCr of their inverse. */
  static RawImage ycckToRgb(Raster raster) {
    int width = raster.getWidth();
    byte[] pixels = new byte[raster.getHeight() * width * 3];
    int[] line = new int[width * INKS];
    int o = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, line);
      for (int i = 0; i < line.length; i += INKS) {
        int light = line[i + 3];
        int cb = line[i + 1] - 128;
        int cr = line[i + 2] - 128;
        pixels[o++] = (byte) left(light, clip(line[i] + ((CR_RED * cr + HALF) >> 16)));
        pixels[o++] =
            (byte) left(light, clip(line[i] + ((-CB_GREEN * cb - CR_GREEN * cr + HALF) >> 16)));
        pixels[o++] = (byte) left(light, clip(line[i] + ((CB_BLUE * cb + HALF) >> 16)));
      }
    }
    return new RawImage(raster.getHeight(), width, 3, pixels);
  }

  private static int left(int light, int ink) {
    int product = light * ink + 128;
    return clip(light - (((product >> 8) + product) >> 8));
  }

  private static int clip(int value) {
    return Math.max(0, Math.min(MAX, value));
  }
}
