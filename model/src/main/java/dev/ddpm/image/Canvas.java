package dev.ddpm.image;

/** Painting on a pixel array of shape (height, width, channels). */
final class Canvas {
  private Canvas() {}

  /** Fills an array of 1, 3 or 4 channels with an opaque colour. */
  static void fill(byte[] pixels, int channels, Rgb colour) {
    for (int i = 0; i < pixels.length; i += channels) {
      if (channels == 1) {
        pixels[i] = (byte) colour.luma();
      } else {
        pixels[i] = (byte) colour.red();
        pixels[i + 1] = (byte) colour.green();
        pixels[i + 2] = (byte) colour.blue();
      }
      if (channels == 4) {
        pixels[i + 3] = (byte) 255;
      }
    }
  }

  /** Copies an image into an array of the same channels, {@code width} columns wide. */
  static void paste(RawImage image, byte[] pixels, int width, int top, int left) {
    int rowSize = image.width() * image.channels();
    for (int y = 0; y < image.height(); y++) {
      System.arraycopy(
          image.pixels(),
          y * rowSize,
          pixels,
          ((top + y) * width + left) * image.channels(),
          rowSize);
    }
  }
}
