package dev.ddpm.diffusion;

import java.util.Arrays;

/** How often each timestep is drawn in training. */
public enum TimestepShares {
  /** All alike (Ho et al., arXiv 2006.11239, algorithm 1). */
  UNIFORM {
    @Override
    public double[] of(double[] weights) {
      double[] shares = new double[weights.length];
      Arrays.fill(shares, 1.0 / weights.length);
      return shares;
    }
  },

  /**
   * Nine tenths in proportion to the timesteps' weights in the loss, one tenth alike, so that none
   * is left out. A gradient whose images are divided by T times the share of their timesteps has
   * the same expectation, and less variance where many timesteps weigh next to nothing.
   */
  BY_WEIGHT {
    @Override
    public double[] of(double[] weights) {
      double sum = Arrays.stream(weights).sum();
      double alike = ALIKE / weights.length;
      return Arrays.stream(weights).map(w -> (1 - ALIKE) * w / sum + alike).toArray();
    }
  };

  private static final double ALIKE = 0.1;

  /**
   * The probability of each timestep.
   *
   * @param weights by timestep, at least 0 and not all 0
   * @return as many, above 0, of the sum 1
   */
  public abstract double[] of(double[] weights);
}
