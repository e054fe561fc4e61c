package dev.ddpm.backend.cuda;

import java.util.HashMap;
import java.util.Map;

/**
 * The weights of convolutions in the order in which a card takes them, (out, size, size, in), and
 * in its type of factors. They are made anew for every pass, until weights are constant.
 */
final class Filters {
  /** Rows and columns of what a block of the kernel transposes. */
  private static final int TILE = 32;

  private record Kept(long weights, Device.Factors factors) {}

  private final Device device;
  private final FactorRounding rounding;
  private final Map<Integer, Long> scratch = new HashMap<>();
  private final Map<Kept, Long> kept = new HashMap<>();
  private boolean constant;

  Filters(Device device, FactorRounding rounding) {
    this.device = device;
    this.rounding = rounding;
  }

  /** Promises that no weight changes any more. */
  void keep() {
    constant = true;
  }

  /**
   * The address of reordered weights, which lasts until the next of the same number.
   *
   * @param weights (size, size, in, out) in float32
   * @param taps size · size · in
   * @param factors the type of the result
   */
  long of(long weights, int taps, int out, Device.Factors factors) {
    if (!constant) {
      return make(weights, taps, out, factors);
    }
    Kept key = new Kept(weights, factors);
    Long known = kept.get(key);
    if (known == null) {
      known = makeForGood(weights, taps, out, factors);
      kept.put(key, known);
    }
    return known;
  }

  private long make(long weights, int taps, int out, Device.Factors factors) {
    long reordered = scratch(taps * out);
    transpose(weights, reordered, taps, out);
    return rounding.factor(factors, "filters", reordered, taps * out);
  }

  private long makeForGood(long weights, int taps, int out, Device.Factors factors) {
    int count = taps * out;
    if (factors != Device.Factors.BFLOAT16) {
      long reordered = device.allocate((long) count * Float.BYTES);
      transpose(weights, reordered, taps, out);
      return reordered;
    }
    transpose(weights, scratch(count), taps, out);
    long rounded = device.allocate((long) count * Short.BYTES);
    rounding.round(scratch(count), rounded, count);
    return rounded;
  }

  /**
   * Where a gradient in the card's order goes, before {@link #restore}; it lasts as long as
   * reordered weights of the same number do.
   */
  long scratch(int count) {
    return scratch.computeIfAbsent(count, absent -> device.allocate((long) count * Float.BYTES));
  }

  /** Brings the gradient of weights, (out, size, size, in), into the order of the weights. */
  void restore(long gradient, long weightGradient, int taps, int out) {
    transpose(gradient, weightGradient, out, taps);
  }

  private void transpose(long from, long to, int rows, int columns) {
    device.launch(
        "transpose",
        Launches.divide(columns, TILE),
        Launches.divide(rows, TILE),
        Launches.THREADS,
        0,
        from,
        to,
        rows,
        columns);
  }
}
