package dev.ddpm.image;

/**
 * Scales images of one size to the size that a feature extractor asks for. There is one definition,
 * so that figures can be compared: the cubic kernel with a = −½, widened by the factor by which an
 * axis shrinks, in float64, clipped to 0..255 and not rounded. It is that of clean-fid (Parmar et
 * al., arXiv 2104.11222) and of Pillow's {@code BICUBIC} on images of mode {@code F}, up to their
 * rounding to float32.
 *
 * <p>Both axes are scaled to the wanted length, whatever that does to the aspect ratio. An axis
 * that has its length already is left as it is.
 */
public final class InputResize {
  /** What stands beside every figure. */
  public static final String DEFINITION = "bicubic, antialiased, not rounded";

  private static final double MAXIMUM = 255;

  private final ImageShape from;
  private final ResamplingTaps rows;
  private final ResamplingTaps columns;

  /**
   * Computes the weights once.
   *
   * @param from shape of the images; of 1 or 3 channels, since alpha would weigh the colours
   * @param height rows of the result, at least 1
   * @param width columns of the result, at least 1
   */
  public InputResize(ImageShape from, int height, int width) {
    if (from.channels() == Channels.RGBA.count()) {
      throw new IllegalArgumentException("images of " + from + " have alpha");
    }
    this.from = from;
    this.rows = new ResamplingTaps(from.height(), height, 0, height);
    this.columns = new ResamplingTaps(from.width(), width, 0, width);
  }

  /**
   * Scales one image.
   *
   * @param image unsigned bytes of the shape that this was made for, row-major
   * @param to receives the values, 0 to 255, of shape (height, width, channels)
   */
  public void apply(byte[] image, float[] to) {
    Resampler.scale(
        new RawImage(from.height(), from.width(), from.channels(), image),
        rows,
        columns,
        (y, line) -> {
          for (int i = 0; i < line.length; i++) {
            to[y * line.length + i] = (float) Math.max(0, Math.min(MAXIMUM, line[i]));
          }
        });
  }
}
