package dev.ddpm.evaluation.extractor;

import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;

/**
 * Describes an image by how its patches are distributed. The image is split into the levels of a
 * {@link Pyramid}. On every level but the last all patches of 7×7 pixels are projected on 8 fixed
 * directions, and of the projections on each direction the means of the lowest quarter, of the next
 * ones and of the highest are the features: 32 per level. The last level is a small picture, which
 * is projected as a whole on 32 directions.
 *
 * <p>The quarters are the quantile function of the projections, so that the distance between the
 * features of two images on one level is their sliced Wasserstein distance (of order 2), as far as
 * 8 directions and quarters tell. The finest levels see texture and sharpness, the last what is
 * where. All but the last are multiplied by 8, since what a halving takes away is little.
 *
 * <p>Float64 in a fixed order and directions keyed by level: the same bits on every JVM. Where a
 * level has more than 64 patches along an axis, every second (third, …) is left out.
 */
final class PixelFeatures implements FeatureExtractor {
  static final int PER_LEVEL = 32;

  private static final int DIRECTIONS = 8;
  private static final int PARTS = PER_LEVEL / DIRECTIONS;
  private static final int PATCH = Pyramid.SMALLEST;
  private static final int MOST_PATCHES = 64;
  private static final long SEED = 1;

  /** Makes all levels vary about equally among the images of Fashion-MNIST. */
  private static final double GAIN = 8;

  private final ImageShape[] shapes;
  private final Pyramid pyramid;

  /** By level and direction, of the length of a patch. */
  private final double[][][] directions;

  private final double[] projections;

  PixelFeatures(ImageShape image) {
    shapes = Pyramid.shapes(image);
    pyramid = new Pyramid(image);
    directions = new double[shapes.length][][];
    int last = shapes.length - 1;
    for (int level = 0; level < last; level++) {
      directions[level] = directions(level, DIRECTIONS, PATCH * PATCH * image.channels());
    }
    directions[last] = directions(last, PER_LEVEL, shapes[last].size());
    projections = new double[MOST_PATCHES * MOST_PATCHES];
  }

  /** Directions of length 1, evenly spread. */
  private static double[][] directions(int level, int count, int length) {
    double[][] directions = new double[count][length];
    float[] normal = new float[length];
    for (int d = 0; d < count; d++) {
      CounterRandom.gaussian(SEED, Stream.PROJECTION, level, d, normal, 0, length);
      double squares = 0;
      for (float value : normal) {
        squares += (double) value * value;
      }
      double norm = Math.sqrt(squares);
      for (int i = 0; i < length; i++) {
        directions[d][i] = normal[i] / norm;
      }
    }
    return directions;
  }

  @Override
  public int features() {
    return PER_LEVEL * shapes.length;
  }

  @Override
  public void extract(byte[] image, float[] out, int offset) {
    double[][] levels = pyramid.of(image);
    int last = levels.length - 1;
    int position = offset;
    for (int level = 0; level < last; level++) {
      for (double[] direction : directions[level]) {
        int count = project(levels[level], shapes[level], direction);
        Arrays.sort(projections, 0, count);
        for (int part = 0; part < PARTS; part++) {
          out[position++] = (float) mean(count, part);
        }
      }
    }
    for (double[] direction : directions[last]) {
      double sum = 0;
      for (int i = 0; i < direction.length; i++) {
        sum += direction[i] * levels[last][i];
      }
      out[position++] = (float) sum;
    }
  }

  /** Projects the patches of a level on a direction; returns how many there are. */
  private int project(double[] pixels, ImageShape shape, double[] direction) {
    int channels = shape.channels();
    int patchRow = PATCH * channels;
    int down = stride(shape.height());
    int right = stride(shape.width());
    int across = (shape.width() - PATCH) / right + 1;
    int count = 0;
    Arrays.fill(projections, 0);
    for (int y = 0; y + PATCH <= shape.height(); y += down) {
      for (int i = 0; i < direction.length; i++) {
        // The patches of a row side by side, each in the order of its pixels.
        double weight = GAIN * direction[i];
        int from = (y + i / patchRow) * shape.width() * channels + i % patchRow;
        for (int x = 0; x < across; x++) {
          projections[count + x] += weight * pixels[from + x * right * channels];
        }
      }
      count += across;
    }
    return count;
  }

  private static int stride(int side) {
    return (side - PATCH) / MOST_PATCHES + 1;
  }

  /** Mean of a part of the sorted projections, whose border may lie within one of them. */
  private double mean(int count, int part) {
    double begin = (double) count * part / PARTS;
    double end = (double) count * (part + 1) / PARTS;
    double sum = 0;
    for (int i = (int) begin; i < end; i++) {
      sum += projections[i] * (Math.min(end, i + 1) - Math.max(begin, i));
    }
    return sum / (end - begin);
  }
}
