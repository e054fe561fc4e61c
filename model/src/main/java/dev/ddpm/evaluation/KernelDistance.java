package dev.ddpm.evaluation;

/**
 * The kernel distance (KID, Bińkowski et al., arXiv 1801.01401): the unbiased estimate of the
 * squared maximum mean discrepancy with the kernel (x·y/d + 1)³. It may be below 0 for sets that
 * hardly differ.
 */
public final class KernelDistance {
  private KernelDistance() {}

  /** Σ k(x, y) over all pairs of a left and a right vector. */
  public static double sum(FeatureRows left, FeatureRows right) {
    return sum(left, right, false);
  }

  /** Σ k(x, y) over all ordered pairs of different rows of one set. */
  public static double sumWithin(FeatureRows rows) {
    return sum(rows, rows, true);
  }

  private static double sum(FeatureRows left, FeatureRows right, boolean own) {
    double[] sums = new double[left.count()];
    int features = left.features();
    PairTiles.products(
        left,
        right,
        (row, first, values, from, count) -> {
          double sum = 0;
          for (int j = 0; j < count; j++) {
            double base = values[from + j] / features + 1;
            sum += own && first + j == row ? 0 : base * base * base;
          }
          sums[row] += sum;
        });
    double all = 0;
    for (double sum : sums) {
      all += sum;
    }
    return all;
  }

  /**
   * The estimate from sums over pairs.
   *
   * @param withinA Σ k over the ordered pairs of different vectors of A
   * @param countA vectors of A, at least 2
   * @param withinB the same of B
   * @param countB vectors of B, at least 2
   * @param between Σ k over the pairs of a vector of A and one of B
   */
  public static double unbiased(
      double withinA, long countA, double withinB, long countB, double between) {
    return withinA / ((double) countA * (countA - 1))
        + withinB / ((double) countB * (countB - 1))
        - 2 * between / ((double) countA * countB);
  }

  /** The estimate over all pairs of two sets of at least two vectors each. */
  public static double between(FeatureRows a, FeatureRows b) {
    return unbiased(sumWithin(a), a.count(), sumWithin(b), b.count(), sum(a, b));
  }
}
