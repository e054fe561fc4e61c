package dev.ddpm.evaluation.extractor;

import dev.ddpm.image.ImageShape;
import java.util.Arrays;

/**
 * The Laplacian pyramid of an image (Burt and Adelson 1983, DOI 10.1109/TCOM.1983.1095851): what
 * each halving of its resolution takes away, and the small picture that is left. The filter is the
 * binomial one, 1 4 6 4 1, with the image mirrored at its borders.
 *
 * <p>The image is halved while its shorter side is at least twice {@link #SMALLEST}.
 */
final class Pyramid {
  /** Pixels of the shorter side below which an image is not shrunk. */
  static final int SMALLEST = 7;

  private static final double[] FILTER = {1 / 16.0, 4 / 16.0, 6 / 16.0, 4 / 16.0, 1 / 16.0};
  private static final int REACH = FILTER.length / 2;

  private final ImageShape[] shapes;
  private final double[][] levels;
  private final double[] rows;

  /** Makes room for the pyramids of images of a shape. */
  Pyramid(ImageShape image) {
    shapes = shapes(image);
    levels = new double[shapes.length][];
    for (int level = 0; level < shapes.length; level++) {
      levels[level] = new double[shapes[level].size()];
    }
    rows = new double[image.size()];
  }

  /** The shapes of the levels, from that of the image down to that of the small picture. */
  static ImageShape[] shapes(ImageShape image) {
    int halvings = 0;
    for (int side = Math.min(image.height(), image.width());
        side >= 2 * SMALLEST;
        side = (side + 1) / 2) {
      halvings++;
    }
    ImageShape[] shapes = new ImageShape[halvings + 1];
    shapes[0] = image;
    for (int level = 1; level < shapes.length; level++) {
      ImageShape above = shapes[level - 1];
      shapes[level] =
          new ImageShape((above.height() + 1) / 2, (above.width() + 1) / 2, above.channels());
    }
    return shapes;
  }

  /**
   * Computes the levels of an image.
   *
   * @param image unsigned bytes of shape (height, width, channels), row-major
   * @return of each level but the last what was taken away, and last the small picture, each of
   *     shape (height, width, channels), in units of the whole range of a pixel; overwritten by the
   *     next image
   */
  double[][] of(byte[] image) {
    for (int i = 0; i < levels[0].length; i++) {
      levels[0][i] = (image[i] & 0xff) / 255.0;
    }
    for (int level = 1; level < levels.length; level++) {
      shrink(level);
      takeAway(level);
    }
    return levels;
  }

  /** Every second pixel of the filtered level above. */
  private void shrink(int level) {
    ImageShape from = shapes[level - 1];
    ImageShape to = shapes[level];
    int channels = from.channels();
    Arrays.fill(rows, 0, to.height() * from.width() * channels, 0);
    int rowSize = from.width() * channels;
    for (int y = 0; y < to.height(); y++) {
      for (int k = 0; k < FILTER.length; k++) {
        int source = mirrored(2 * y + k - REACH, from.height()) * rowSize;
        for (int i = 0; i < rowSize; i++) {
          rows[y * rowSize + i] += FILTER[k] * levels[level - 1][source + i];
        }
      }
    }
    double[] small = levels[level];
    Arrays.fill(small, 0);
    for (int y = 0; y < to.height(); y++) {
      for (int x = 0; x < to.width(); x++) {
        for (int k = 0; k < FILTER.length; k++) {
          int source = y * rowSize + mirrored(2 * x + k - REACH, from.width()) * channels;
          for (int c = 0; c < channels; c++) {
            small[(y * to.width() + x) * channels + c] += FILTER[k] * rows[source + c];
          }
        }
      }
    }
  }

  /** From the level above, what is left in this one, at twice its size. */
  private void takeAway(int level) {
    ImageShape from = shapes[level];
    ImageShape to = shapes[level - 1];
    int channels = from.channels();
    int rowSize = from.width() * channels;
    for (int y = 0; y < to.height(); y++) {
      Arrays.fill(rows, 0, rowSize, 0);
      for (int k = y & 1; k < FILTER.length; k += 2) {
        int source = halved(y + k - REACH, from.height()) * rowSize;
        for (int i = 0; i < rowSize; i++) {
          rows[i] += 2 * FILTER[k] * levels[level][source + i];
        }
      }
      for (int x = 0; x < to.width(); x++) {
        for (int k = x & 1; k < FILTER.length; k += 2) {
          int source = halved(x + k - REACH, from.width()) * channels;
          for (int c = 0; c < channels; c++) {
            levels[level - 1][(y * to.width() + x) * channels + c] -=
                2 * FILTER[k] * rows[source + c];
          }
        }
      }
    }
  }

  /** Index of an even place of the level above, in the level below; outside of it, its border. */
  private static int halved(int place, int length) {
    return Math.max(0, Math.min(length - 1, place / 2));
  }

  private static int mirrored(int place, int length) {
    int inside = place < 0 ? -place : place;
    return inside < length ? inside : 2 * length - 2 - inside;
  }
}
