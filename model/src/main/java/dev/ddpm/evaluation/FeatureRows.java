package dev.ddpm.evaluation;

import java.util.Objects;

/**
 * Feature vectors of consecutive images: {@code count} rows of {@code features} numbers each,
 * row-major. The array is not copied, and whoever reads it leaves it unchanged.
 */
public final class FeatureRows {
  private final float[] values;
  private final int count;
  private final int features;

  /**
   * Rows from the beginning of an array.
   *
   * @param count how many, at least 0
   * @param features numbers of each, at least 1
   */
  public FeatureRows(float[] values, int count, int features) {
    if (features < 1) {
      throw new IllegalArgumentException("features = " + features + ": must be at least 1");
    }
    Objects.checkFromIndexSize(0, Math.multiplyExact(count, features), values.length);
    this.values = values;
    this.count = count;
    this.features = features;
  }

  /** How many rows. */
  public int count() {
    return count;
  }

  /** Numbers of a row. */
  public int features() {
    return features;
  }

  /** A number of a row. */
  public float at(int row, int feature) {
    return values[row * features + feature];
  }
}
