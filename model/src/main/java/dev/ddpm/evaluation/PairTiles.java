package dev.ddpm.evaluation;

import java.util.Arrays;

/**
 * A number for each pair of a left and a right feature vector, in float64. The number of a pair
 * depends on its two vectors alone, to the bit, and not on which of them is left: equal vectors
 * have the distance 0, and a distance may be compared with one that was computed elsewhere.
 */
final class PairTiles {
  /** Right vectors and features that are worked on together, so that they stay in the caches. */
  private static final int COLUMNS = 256;

  private static final int DEPTH = 64;

  private final FeatureRows left;
  private final FeatureRows right;
  private final boolean distances;
  private final double[] block = new double[DEPTH * COLUMNS];
  private final double[] results;

  private PairTiles(FeatureRows left, FeatureRows right, boolean distances) {
    if (left.features() != right.features()) {
      throw new IllegalArgumentException(
          "Vectors of %d and %d numbers cannot be compared."
              .formatted(left.features(), right.features()));
    }
    this.left = left;
    this.right = right;
    this.distances = distances;
    this.results = new double[left.count() * COLUMNS];
  }

  /** Takes the numbers of pairs with one left vector. */
  @FunctionalInterface
  interface Consumer {
    /**
     * Takes numbers. For each left row, the right rows come in their order.
     *
     * @param leftRow the left vector
     * @param firstRight the first of consecutive right vectors
     * @param values their numbers from {@code from} on, {@code count} of them
     */
    void accept(int leftRow, int firstRight, double[] values, int from, int count);
  }

  /** Σ (x − y)² of all pairs. */
  static void squaredDistances(FeatureRows left, FeatureRows right, Consumer consumer) {
    new PairTiles(left, right, true).run(consumer);
  }

  /** Σ x·y of all pairs. */
  static void products(FeatureRows left, FeatureRows right, Consumer consumer) {
    new PairTiles(left, right, false).run(consumer);
  }

  private void run(Consumer consumer) {
    for (int first = 0; first < right.count(); first += COLUMNS) {
      int columns = Math.min(COLUMNS, right.count() - first);
      Arrays.fill(results, 0);
      for (int k = 0; k < left.features(); k += DEPTH) {
        int depth = Math.min(DEPTH, left.features() - k);
        load(first, columns, k, depth);
        for (int row = 0; row < left.count(); row++) {
          add(row, columns, k, depth);
        }
      }
      for (int row = 0; row < left.count(); row++) {
        consumer.accept(row, first, results, row * COLUMNS, columns);
      }
    }
  }

  /** Transposes a block of the right vectors: a row per feature. */
  private void load(int first, int columns, int k, int depth) {
    for (int column = 0; column < columns; column++) {
      for (int f = 0; f < depth; f++) {
        block[f * COLUMNS + column] = right.at(first + column, k + f);
      }
    }
  }

  private void add(int row, int columns, int k, int depth) {
    int to = row * COLUMNS;
    int f = 0;
    for (; f + 4 <= depth; f += 4) {
      double a0 = left.at(row, k + f);
      double a1 = left.at(row, k + f + 1);
      double a2 = left.at(row, k + f + 2);
      double a3 = left.at(row, k + f + 3);
      if (distances) {
        addDistances(f * COLUMNS, columns, to, a0, a1, a2, a3);
      } else {
        addProducts(f * COLUMNS, columns, to, a0, a1, a2, a3);
      }
    }
    for (; f < depth; f++) {
      double a = left.at(row, k + f);
      for (int j = 0; j < columns; j++) {
        double b = block[f * COLUMNS + j];
        results[to + j] += distances ? (a - b) * (a - b) : a * b;
      }
    }
  }

  private void addDistances(
      int from, int columns, int to, double a0, double a1, double a2, double a3) {
    double[] b = block;
    double[] out = results;
    for (int j = 0; j < columns; j++) {
      double d0 = a0 - b[from + j];
      double d1 = a1 - b[from + COLUMNS + j];
      double d2 = a2 - b[from + 2 * COLUMNS + j];
      double d3 = a3 - b[from + 3 * COLUMNS + j];
      out[to + j] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    }
  }

  private void addProducts(
      int from, int columns, int to, double a0, double a1, double a2, double a3) {
    double[] b = block;
    double[] out = results;
    for (int j = 0; j < columns; j++) {
      out[to + j] +=
          (a0 * b[from + j] + a1 * b[from + COLUMNS + j])
              + (a2 * b[from + 2 * COLUMNS + j] + a3 * b[from + 3 * COLUMNS + j]);
    }
  }
}
