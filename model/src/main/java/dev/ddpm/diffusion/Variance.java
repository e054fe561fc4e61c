package dev.ddpm.diffusion;

/**
 * The variance σ²_t of the reverse process p(x_{t−1} | x_t), which Ho et al. fix rather than learn:
 * the two extremes between which the optimum lies (arXiv 2006.11239, section 3.2).
 */
public enum Variance {
  /** σ² = β̃_t, optimal if x_0 is a single point; 0 for t = 0. */
  FIXED_SMALL {
    @Override
    public double at(NoiseSchedule schedule, int t) {
      return schedule.posteriorVariance(t);
    }
  },

  /** σ² = β_t, optimal if x_0 is normally distributed. */
  FIXED_LARGE {
    @Override
    public double at(NoiseSchedule schedule, int t) {
      return schedule.beta(t);
    }
  };

  /** σ²_t of the reverse step from t. */
  public abstract double at(NoiseSchedule schedule, int t);

  /**
   * log σ²_t as a decoder needs it: at t = 0, where β̃ is 0 and β is far too large, it is log β̃_1
   * for both variances, as in the code of the paper.
   */
  public double logAt(NoiseSchedule schedule, int t) {
    boolean replaced = t == 0 && schedule.steps() > 1;
    return StrictMath.log(replaced ? schedule.posteriorVariance(1) : at(schedule, t));
  }
}
