package dev.ddpm.image;

import java.io.Serializable;

/**
 * The shape of an image as networks and tables store it: (height, width, channels), row-major.
 *
 * @param height rows
 * @param width columns
 * @param channels values per pixel
 */
public record ImageShape(int height, int width, int channels) implements Serializable {

  /** Values per image. */
  public int size() {
    return height * width * channels;
  }

  /** The shape as messages have it, such as 28×28×1. */
  @Override
  public String toString() {
    return "%d×%d×%d".formatted(height, width, channels);
  }
}
