package dev.ddpm.evaluation;

import java.io.Serializable;
import java.util.List;

/**
 * Number, mean and co-moments of feature vectors, taken in one pass and mergeable (Chan, Golub and
 * LeVeque 1979). The same rows in the same blocks, merged in the same order, give the same bits.
 */
public final class FeatureMoments implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Rows that one pass over the co-moments takes in: the matrix may be larger than the caches. */
  private static final int TOGETHER = 8;

  private final int features;
  private long count;
  private double[] mean;

  /** Σ (x − mean)(x − mean)ᵀ, of which the upper triangle is kept: row i has columns i to d − 1. */
  private final double[] products;

  /**
   * Moments of nothing.
   *
   * @param features numbers per vector
   */
  public FeatureMoments(int features) {
    this.features = features;
    this.mean = new double[features];
    this.products = new double[Math.toIntExact((long) features * (features + 1) / 2)];
  }

  /**
   * The moments of several sets together.
   *
   * @param parts at least one, merged in their order and not changed
   */
  public static FeatureMoments merged(List<FeatureMoments> parts) {
    FeatureMoments all = new FeatureMoments(parts.get(0).features);
    parts.forEach(all::merge);
    return all;
  }

  /** How many vectors. */
  public long count() {
    return count;
  }

  /** Numbers per vector. */
  public int features() {
    return features;
  }

  /** The mean; zeros if there are no vectors. */
  public double[] mean() {
    return mean.clone();
  }

  /**
   * The covariances, divided by count − 1.
   *
   * @return (features, features), row-major
   * @throws IllegalStateException if there are fewer than two vectors
   */
  public double[] covariance() {
    if (count < 2) {
      throw new IllegalStateException("A covariance needs two vectors, but there are " + count);
    }
    double[] covariance = new double[features * features];
    int at = 0;
    for (int i = 0; i < features; i++) {
      for (int j = i; j < features; j++) {
        double value = products[at++] / (count - 1);
        covariance[i * features + j] = value;
        covariance[j * features + i] = value;
      }
    }
    return covariance;
  }

  /** Adds a block of vectors, as if by merging its own moments. */
  public void add(FeatureRows block) {
    if (block.count() == 0) {
      return;
    }
    FeatureMoments own = new FeatureMoments(features);
    own.take(block);
    merge(own);
  }

  private void take(FeatureRows block) {
    count = block.count();
    for (int row = 0; row < block.count(); row++) {
      for (int i = 0; i < features; i++) {
        mean[i] += block.at(row, i);
      }
    }
    for (int i = 0; i < features; i++) {
      mean[i] /= count;
    }
    double[][] centred = new double[TOGETHER][features];
    for (int first = 0; first < block.count(); first += TOGETHER) {
      for (int r = 0; r < TOGETHER; r++) {
        boolean there = first + r < block.count();
        for (int i = 0; i < features; i++) {
          centred[r][i] = there ? block.at(first + r, i) - mean[i] : 0;
        }
      }
      addProducts(centred);
    }
  }

  private void addProducts(double[][] x) {
    int row = 0;
    for (int i = 0; i < features; i++) {
      addRow(x, i, row - i);
      row += features - i;
    }
  }

  /** Adds to row i of the triangle, whose column j is at {@code offset + j}. */
  private void addRow(double[][] x, int i, int offset) {
    double[] x0 = x[0];
    double[] x1 = x[1];
    double[] x2 = x[2];
    double[] x3 = x[3];
    double[] x4 = x[4];
    double[] x5 = x[5];
    double[] x6 = x[6];
    double[] x7 = x[7];
    double a0 = x0[i];
    double a1 = x1[i];
    double a2 = x2[i];
    double a3 = x3[i];
    double a4 = x4[i];
    double a5 = x5[i];
    double a6 = x6[i];
    double a7 = x7[i];
    for (int j = i; j < features; j++) {
      products[offset + j] +=
          (a0 * x0[j] + a1 * x1[j] + a2 * x2[j] + a3 * x3[j])
              + (a4 * x4[j] + a5 * x5[j] + a6 * x6[j] + a7 * x7[j]);
    }
  }

  /**
   * Adds the moments of other vectors.
   *
   * @param other not changed
   */
  public void merge(FeatureMoments other) {
    if (other.features != features) {
      throw new IllegalArgumentException(
          "Vectors of %d and %d numbers do not go together.".formatted(features, other.features));
    }
    if (other.count == 0) {
      return;
    }
    long both = count + other.count;
    double share = (double) other.count / both;
    double weight = count * share;
    double[] difference = new double[features];
    double[] merged = new double[features];
    for (int i = 0; i < features; i++) {
      difference[i] = other.mean[i] - mean[i];
      merged[i] = mean[i] + difference[i] * share;
    }
    int at = 0;
    for (int i = 0; i < features; i++) {
      double factor = weight * difference[i];
      for (int j = i; j < features; j++) {
        products[at] += other.products[at] + factor * difference[j];
        at++;
      }
    }
    mean = merged;
    count = both;
  }
}
