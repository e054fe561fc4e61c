package dev.ddpm.spark.train;

/** How long a round takes, from which the time left is estimated. Times are of one clock, in ns. */
final class RoundPace {
  private final long start;
  private long afterFirst;
  private int later;

  /**
   * A pace without rounds.
   *
   * @param start when the first begins
   */
  RoundPace(long start) {
    this.start = start;
  }

  /**
   * Counts a round, and tells what one takes: the mean of all but the first, which takes longer, as
   * everything in it happens for the first time.
   *
   * @param now when it has ended
   * @return seconds
   */
  double add(long now) {
    if (later == 0) {
      afterFirst = now;
    }
    long nanos = later == 0 ? now - start : (now - afterFirst) / later;
    later++;
    return nanos / 1e9;
  }
}
