package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Precision;
import java.util.List;

/** How far results may be from those of float32 elsewhere, as a share of the largest value. */
public final class Limits {
  /** What cards compute in. */
  static final List<Precision> PRECISIONS =
      List.of(Precision.FLOAT32, Precision.TF32, Precision.BFLOAT16);

  private Limits() {}

  /** For what networks and layers compute. */
  public static double of(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> 1e-4;
      case TF32 -> 2e-3;
      case BFLOAT16 -> 2e-2;
      case FLOAT64 -> throw new IllegalArgumentException("Cards do not compute in float64");
    };
  }

  /** For a single product or convolution. */
  public static double ofOneSum(Precision precision) {
    return precision == Precision.FLOAT32 ? 1e-5 : of(precision);
  }

  /** The largest difference as a share of the largest expected value; NaN if something is NaN. */
  static double relative(float[] actual, float[] expected) {
    return difference(actual, expected) / largest(expected);
  }

  /** The largest absolute difference; NaN if something is NaN. */
  static double difference(float[] actual, float[] expected) {
    if (actual.length != expected.length) {
      throw new IllegalArgumentException(actual.length + " and " + expected.length + " values");
    }
    double largest = 0;
    for (int i = 0; i < actual.length; i++) {
      largest = Math.max(largest, Math.abs((double) actual[i] - expected[i]));
    }
    return largest;
  }

  /** The largest absolute value. */
  static double largest(float[] values) {
    return difference(values, new float[values.length]);
  }
}
