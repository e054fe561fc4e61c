package dev.ddpm.training;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * Losses of images, gathered in ranges of timesteps of equal width: how well a network does on
 * nearly clean and on nearly drowned images are different things, and their mean hides both.
 */
public final class LossByTimestep implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Number of ranges. */
  public static final int RANGES = 10;

  private final int timesteps;
  private final double[] sums = new double[RANGES];
  private final long[] counts = new long[RANGES];

  /**
   * No losses yet.
   *
   * @param timesteps number of timesteps T
   */
  public LossByTimestep(int timesteps) {
    this.timesteps = timesteps;
  }

  /** Adds the loss of one image at a timestep 0..T−1. */
  void add(int timestep, double loss) {
    int range = (int) ((long) timestep * RANGES / timesteps);
    sums[range] += loss;
    counts[range]++;
  }

  /** Adds all of another. */
  public void add(LossByTimestep other) {
    for (int range = 0; range < RANGES; range++) {
      sums[range] += other.sums[range];
      counts[range] += other.counts[range];
    }
  }

  /** Mean over all images; not a number without any. */
  public double mean() {
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    return sum / images();
  }

  /** Number of images. */
  public long images() {
    long images = 0;
    for (long count : counts) {
      images += count;
    }
    return images;
  }

  /** Mean of every range, from timestep 0 up; null for a range without images. */
  public List<Double> byRange() {
    List<Double> means = new ArrayList<>();
    for (int range = 0; range < RANGES; range++) {
      means.add(counts[range] == 0 ? null : Double.valueOf(sums[range] / counts[range]));
    }
    return means;
  }
}
