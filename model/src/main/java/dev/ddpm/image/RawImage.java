package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.util.Arrays;

/**
 * An uncompressed picture. The array is not copied: whoever creates an image from it gives it away,
 * and whoever reads it leaves it unchanged.
 *
 * @param height rows, at least 1
 * @param width columns, at least 1
 * @param channels 1 (grey), 3 (red, green, blue) or 4 (red, green, blue, alpha, not premultiplied)
 * @param pixels unsigned bytes of shape (height, width, channels), row-major
 */
// The array is compared by content: equals and hashCode are written out below.
@SuppressWarnings("ArrayRecordComponent")
public record RawImage(int height, int width, int channels, byte[] pixels) {

  /**
   * Checks the shape.
   *
   * @throws DdpmException (data) if a side is below 1, the channels are not 1, 3 or 4, or the array
   *     has another length than height · width · channels
   */
  public RawImage {
    if (height < 1 || width < 1) {
      throw DdpmException.data(
          "An image of %d×%d pixels (height×width) is empty: each side must be at least 1.",
          height, width);
    }
    if (channels != 1 && channels != 3 && channels != 4) {
      throw DdpmException.data(
          "An image of %d channels is not supported: 1 (grey), 3 (RGB) or 4 (RGBA) are.", channels);
    }
    if (pixels.length != (long) height * width * channels) {
      throw DdpmException.data(
          "An image of height %d, width %d and %d channels needs %d bytes, but has %d.",
          height, width, channels, (long) height * width * channels, pixels.length);
    }
  }

  /** The value at a place, 0 to 255. */
  public int at(int y, int x, int channel) {
    return pixels[(y * width + x) * channels + channel] & 0xff;
  }

  /** Height, width and channels as text, such as {@code 28×28×1}. */
  public String shape() {
    return height + "×" + width + "×" + channels;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RawImage image
        && height == image.height
        && width == image.width
        && channels == image.channels
        && Arrays.equals(pixels, image.pixels);
  }

  @Override
  public int hashCode() {
    return ((31 * height + width) * 31 + channels) * 31 + Arrays.hashCode(pixels);
  }

  @Override
  public String toString() {
    return "RawImage[" + shape() + "]";
  }
}
