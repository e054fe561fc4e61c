package dev.ddpm.image;

/** Which source pixels make each target pixel, and by what weights, along one axis. */
final class ResamplingTaps {
  private static final double KERNEL_RADIUS = 2;

  private final int[] first;
  private final double[][] weights;

  /**
   * Scales an axis of {@code source} pixels to {@code target} and keeps {@code count} of these,
   * from {@code offset} on.
   */
  ResamplingTaps(int source, int target, int offset, int count) {
    double scale = (double) source / target;
    double stretch = Math.max(scale, 1);
    double radius = KERNEL_RADIUS * stretch;
    first = new int[count];
    weights = new double[count][];
    for (int i = 0; i < count; i++) {
      double center = (offset + i + 0.5) * scale;
      int low = Math.max(0, (int) Math.floor(center - radius + 0.5));
      int high = Math.min(source, (int) Math.floor(center + radius + 0.5));
      double[] taps = new double[high - low];
      double sum = 0;
      for (int k = 0; k < taps.length; k++) {
        taps[k] = kernel((low + k + 0.5 - center) / stretch);
        sum += taps[k];
      }
      for (int k = 0; k < taps.length; k++) {
        taps[k] /= sum;
      }
      first[i] = low;
      weights[i] = taps;
    }
  }

  /** How many target pixels there are. */
  int count() {
    return first.length;
  }

  /** Index of the first source pixel of a target pixel. */
  int first(int target) {
    return first[target];
  }

  /** Weights of that source pixel and its successors; they add up to 1. */
  double[] weights(int target) {
    return weights[target];
  }

  /** The last source pixel that any target pixel needs. */
  int last() {
    int target = first.length - 1;
    return first[target] + weights[target].length - 1;
  }

  private static double kernel(double distance) {
    double x = Math.abs(distance);
    if (x < 1) {
      return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  }
}
