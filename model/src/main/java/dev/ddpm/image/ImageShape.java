package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * The shape of an image as networks and tables store it: (height, width, channels), row-major.
 *
 * @param height rows
 * @param width columns
 * @param channels values per pixel
 */
public record ImageShape(int height, int width, int channels) implements Serializable {
  /** The longest array that every virtual machine allows. */
  private static final int MAXIMUM_VALUES = Integer.MAX_VALUE - 8;

  /** Values per image. */
  public int size() {
    return height * width * channels;
  }

  /**
   * Checks that so many images can be computed together, in one array.
   *
   * @param key the setting or option that says how many, for the message
   * @throws DdpmException (user) if they are too many
   */
  public void requireTogether(int images, String key) {
    int most = MAXIMUM_VALUES / size();
    if (images > most) {
      throw DdpmException.user(
          "%s = %d: at most %d images of %s can be computed together.", key, images, most, this);
    }
  }

  /** The shape as messages have it, such as 28×28×1. */
  @Override
  public String toString() {
    return "%d×%d×%d".formatted(height, width, channels);
  }
}
