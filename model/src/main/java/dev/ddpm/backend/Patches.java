package dev.ddpm.backend;

/**
 * The square windows of an image that a convolution looks at. As a matrix they have one row per
 * window, (batch · {@link #down} · {@link #across}) in all, and in it the window's pixels row by
 * row: size · size · channels values. What lies outside of the image counts as zero.
 *
 * @param batch number of images
 * @param height of the image
 * @param width of the image
 * @param channels of the image
 * @param size height and width of a window
 * @param stride distance of neighbouring windows
 */
public record Patches(int batch, int height, int width, int channels, int size, int stride) {
  /** Rows and columns of zeros around the image. */
  public static final int PADDING = 1;

  /** Windows below each other. */
  public int down() {
    return windows(height);
  }

  /** Windows beside each other. */
  public int across() {
    return windows(width);
  }

  private int windows(int length) {
    return (length + 2 * PADDING - size) / stride + 1;
  }

  /** Shape of the image. */
  public long[] image() {
    return new long[] {batch, height, width, channels};
  }

  /** Shape of the matrix. */
  public long[] matrix() {
    return new long[] {(long) batch * down() * across(), (long) size * size * channels};
  }
}
