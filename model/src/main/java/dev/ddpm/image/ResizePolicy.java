package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * Which size an image shall have, and how it gets there. An image that has it already keeps every
 * byte; others are resampled by a cubic filter that is widened when shrinking ({@link Resampler}).
 *
 * @param height rows of the result, 1 to 8192
 * @param width columns of the result, 1 to 8192
 * @param mode what happens to an image of another aspect ratio
 * @param padding fills the border of {@link Mode#PAD} (transparent if there is an alpha channel)
 */
public record ResizePolicy(int height, int width, Mode mode, Rgb padding) implements Serializable {

  private static final int MAX_SIDE = 8192;

  /** What happens to an image of another aspect ratio. */
  public enum Mode {
    /** Both sides are scaled to the wanted length: nothing is lost, shapes are distorted. */
    STRETCH,
    /** Scaled until the wanted size is just covered, then cut to it around the centre. */
    CENTER_CROP,
    /** Scaled until it just fits into the wanted size, then centred between equal borders. */
    PAD
  }

  /**
   * Checks the size.
   *
   * @throws DdpmException (user) if a side is out of range
   */
  public ResizePolicy {
    checkSide("height", height);
    checkSide("width", width);
  }

  private static void checkSide(String key, int value) {
    if (value < 1 || value > MAX_SIDE) {
      throw DdpmException.user("%s = %d: must be 1 to %d pixels.", key, value, MAX_SIDE);
    }
  }

  /** Resizes an image; one of the wanted size is returned as it is. */
  public RawImage apply(RawImage image) {
    if (image.height() == height && image.width() == width) {
      return image;
    }
    return switch (mode) {
      case STRETCH -> Resampler.resample(image, height, width, 0, 0, height, width);
      case CENTER_CROP -> crop(image);
      case PAD -> pad(image);
    };
  }

  private RawImage crop(RawImage image) {
    double scale = Math.max((double) height / image.height(), (double) width / image.width());
    int fullHeight = Math.max(height, (int) Math.rint(image.height() * scale));
    int fullWidth = Math.max(width, (int) Math.rint(image.width() * scale));
    return Resampler.resample(
        image,
        fullHeight,
        fullWidth,
        (fullHeight - height) / 2,
        (fullWidth - width) / 2,
        height,
        width);
  }

  private RawImage pad(RawImage image) {
    double scale = Math.min((double) height / image.height(), (double) width / image.width());
    int innerHeight = fit(image.height() * scale, height);
    int innerWidth = fit(image.width() * scale, width);
    RawImage inner =
        Resampler.resample(image, innerHeight, innerWidth, 0, 0, innerHeight, innerWidth);
    int channels = image.channels();
    byte[] pixels = new byte[height * width * channels];
    if (channels != Channels.RGBA.count()) {
      Canvas.fill(pixels, channels, padding);
    }
    Canvas.paste(inner, pixels, width, (height - innerHeight) / 2, (width - innerWidth) / 2);
    return new RawImage(height, width, channels, pixels);
  }

  private static int fit(double length, int limit) {
    return Math.max(1, Math.min(limit, (int) Math.rint(length)));
  }
}
