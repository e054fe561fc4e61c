package dev.ddpm.spark.sample;

import java.io.Serializable;
import java.util.Locale;

/**
 * Consecutive sample indices.
 *
 * @param first the first
 * @param count how many, at least 1; the last index is below {@value #MOST}
 */
record IndexRange(long first, long count) implements Serializable {

  /** The most images that a folder can have: names of files have so many digits. */
  static final long MOST = 1_000_000_000_000L;

  IndexRange {
    if (first < 0 || count < 1 || first > MOST - count) {
      throw new IllegalArgumentException("no range of indices: " + count + " from " + first);
    }
  }

  /** The index after the last. */
  long end() {
    return first + count;
  }

  /** Name of what is stored of the range, such as {@code 000000000064-000000000127}. */
  String fileStem() {
    return String.format(Locale.ROOT, "%012d-%012d", first, end() - 1);
  }
}
