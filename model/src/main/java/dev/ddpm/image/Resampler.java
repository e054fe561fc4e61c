package dev.ddpm.image;

import java.util.Arrays;

/**
 * Separable resampling by the cubic kernel with a = −½ (Keys 1981, DOI 10.1109/TASSP.1981.1163711).
 * When an image shrinks, the kernel is widened by the same factor, so that every source pixel
 * counts and nothing aliases. All arithmetic is in float64 with one rounding at the end: every JVM
 * gives the same bytes.
 *
 * <p>Colour is weighted by alpha, so that the invisible colour of transparent pixels does not bleed
 * into visible ones.
 */
final class Resampler {
  private Resampler() {}

  /**
   * Scales an image to {@code fullHeight} × {@code fullWidth} and cuts a window from the result;
   * only the window is computed.
   *
   * @param top first row of the window in the scaled image
   * @param left first column of the window in the scaled image
   * @param height rows of the window
   * @param width columns of the window
   */
  static RawImage resample(
      RawImage image, int fullHeight, int fullWidth, int top, int left, int height, int width) {
    var rows = new ResamplingTaps(image.height(), fullHeight, top, height);
    var columns = new ResamplingTaps(image.width(), fullWidth, left, width);
    int channels = image.channels();
    byte[] pixels = new byte[height * width * channels];
    scale(image, rows, columns, (y, line) -> store(line, channels, pixels, y * width * channels));
    return new RawImage(height, width, channels, pixels);
  }

  /** Takes the rows of a scaled image, from the first to the last. */
  @FunctionalInterface
  interface Rows {
    /**
     * Takes one row.
     *
     * @param y its number
     * @param line its values, not rounded and not clipped, colour multiplied by alpha if there is
     *     one; overwritten by the next row
     */
    void take(int y, double[] line);
  }

  /** Scales an image by given weights along its two axes. */
  static void scale(RawImage image, ResamplingTaps rows, ResamplingTaps columns, Rows to) {
    int channels = image.channels();
    int firstRow = rows.first(0);
    int width = columns.count();
    int rowSize = width * channels;
    double[] narrowed = new double[(rows.last() - firstRow + 1) * rowSize];
    double[] line = new double[image.width() * channels];
    for (int y = firstRow; y <= rows.last(); y++) {
      load(image, y, line);
      scaleLine(line, columns, width, channels, narrowed, (y - firstRow) * rowSize);
    }
    double[] sums = new double[rowSize];
    for (int y = 0; y < rows.count(); y++) {
      Arrays.fill(sums, 0);
      double[] weights = rows.weights(y);
      for (int k = 0; k < weights.length; k++) {
        int from = (rows.first(y) + k - firstRow) * rowSize;
        for (int i = 0; i < rowSize; i++) {
          sums[i] += weights[k] * narrowed[from + i];
        }
      }
      to.take(y, sums);
    }
  }

  private static void load(RawImage image, int y, double[] line) {
    int from = y * line.length;
    for (int i = 0; i < line.length; i++) {
      line[i] = image.pixels()[from + i] & 0xff;
    }
    if (image.channels() == 4) {
      for (int i = 0; i < line.length; i += 4) {
        double opacity = line[i + 3] / 255;
        line[i] *= opacity;
        line[i + 1] *= opacity;
        line[i + 2] *= opacity;
      }
    }
  }

  private static void scaleLine(
      double[] line, ResamplingTaps columns, int width, int channels, double[] to, int offset) {
    for (int x = 0; x < width; x++) {
      double[] weights = columns.weights(x);
      for (int c = 0; c < channels; c++) {
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
          sum += weights[k] * line[(columns.first(x) + k) * channels + c];
        }
        to[offset + x * channels + c] = sum;
      }
    }
  }

  private static void store(double[] sums, int channels, byte[] pixels, int offset) {
    for (int i = 0; i < sums.length; i++) {
      double value = sums[i];
      if (channels == 4 && i % 4 != 3) {
        double alpha = sums[i - i % 4 + 3];
        value = alpha > 0 ? value * 255 / alpha : 0;
      }
      pixels[offset + i] = (byte) Math.max(0, Math.min(255, Math.rint(value)));
    }
  }
}
