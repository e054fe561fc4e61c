package dev.ddpm.evaluation;

import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an image looks like from afar: its brightness on a grid of 8×8 cells, each the mean of what
 * it covers, less the mean of all and scaled to length 1. Copies of an image that are brighter or
 * shifted by a pixel stay near to it, and {@link #mirrored} finds those that are mirrored.
 */
public record Thumbnail() implements ExtractorSpec {
  private static final long serialVersionUID = 1L;
  private static final int SIDE = 8;

  /** Below this length, in levels of 0..255, an image is flat. */
  private static final double FLAT = 1e-3;

  @Override
  public SortedMap<String, String> settings() {
    return new TreeMap<>(Map.of("kind", "thumbnail-8"));
  }

  @Override
  public FeatureExtractor open(ImageShape images) {
    return new Extractor(images);
  }

  /** The thumbnails of the mirrored images. */
  public static FeatureRows mirrored(FeatureRows thumbnails) {
    float[] values = new float[thumbnails.count() * SIDE * SIDE];
    for (int row = 0; row < thumbnails.count(); row++) {
      for (int cell = 0; cell < SIDE * SIDE; cell++) {
        int across = cell / SIDE * SIDE + SIDE - 1 - cell % SIDE;
        values[row * SIDE * SIDE + cell] = thumbnails.at(row, across);
      }
    }
    return new FeatureRows(values, thumbnails.count(), SIDE * SIDE);
  }

  private static final class Extractor implements FeatureExtractor {
    private final ImageShape shape;
    private final double[][] rows;
    private final double[][] columns;

    Extractor(ImageShape shape) {
      this.shape = shape;
      this.rows = shares(shape.height());
      this.columns = shares(shape.width());
    }

    /** How much of each cell a line of pixels makes up. */
    private static double[][] shares(int size) {
      double[][] shares = new double[SIDE][size];
      for (int cell = 0; cell < SIDE; cell++) {
        double from = (double) cell * size / SIDE;
        double to = (cell + 1.0) * size / SIDE;
        for (int line = 0; line < size; line++) {
          double covered = Math.min(to, line + 1.0) - Math.max(from, line);
          shares[cell][line] = Math.max(0, covered) / (to - from);
        }
      }
      return shares;
    }

    @Override
    public int features() {
      return SIDE * SIDE;
    }

    @Override
    public void extract(byte[] image, float[] to, int offset) {
      double[] cells = new double[SIDE * SIDE];
      for (int y = 0; y < shape.height(); y++) {
        for (int cellX = 0; cellX < SIDE; cellX++) {
          double line = 0;
          for (int x = 0; x < shape.width(); x++) {
            double share = columns[cellX][x];
            line += share == 0 ? 0 : share * brightness(image, y * shape.width() + x);
          }
          for (int cellY = 0; cellY < SIDE; cellY++) {
            cells[cellY * SIDE + cellX] += rows[cellY][y] * line;
          }
        }
      }
      double mean = 0;
      for (double cell : cells) {
        mean += cell / cells.length;
      }
      double squares = 0;
      for (double cell : cells) {
        squares += (cell - mean) * (cell - mean);
      }
      double length = Math.sqrt(squares);
      for (int i = 0; i < cells.length; i++) {
        to[offset + i] = length < FLAT ? 0 : (float) ((cells[i] - mean) / length);
      }
    }

    private double brightness(byte[] image, int pixel) {
      int colours = Math.min(3, shape.channels());
      int sum = 0;
      for (int c = 0; c < colours; c++) {
        sum += image[pixel * shape.channels() + c] & 0xff;
      }
      return (double) sum / colours;
    }
  }
}
