package dev.ddpm.bench;

import java.util.Arrays;

/** Repeats a piece of work and keeps what each repetition took. */
public final class Stopwatch {
  private Stopwatch() {}

  /**
   * Times a piece of work.
   *
   * @param warmUpSeconds how long it is repeated first, at least twice
   * @param seconds how long it is then repeated and timed, at least three times
   * @return nanoseconds of each timed repetition
   */
  public static long[] time(Runnable work, double warmUpSeconds, double seconds) {
    long start = System.nanoTime();
    for (int i = 0; i < 2 || System.nanoTime() - start < warmUpSeconds * 1e9; i++) {
      work.run();
    }
    long[] times = new long[64];
    int count = 0;
    start = System.nanoTime();
    while (count < 3 || System.nanoTime() - start < seconds * 1e9) {
      if (count == times.length) {
        times = Arrays.copyOf(times, 2 * count);
      }
      long before = System.nanoTime();
      work.run();
      times[count++] = System.nanoTime() - before;
    }
    return Arrays.copyOf(times, count);
  }

  /** The middle one, or the mean of the two in the middle. */
  public static double median(long[] times) {
    long[] sorted = times.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
  }

  static long minimum(long[] times) {
    return Arrays.stream(times).min().orElseThrow();
  }
}
