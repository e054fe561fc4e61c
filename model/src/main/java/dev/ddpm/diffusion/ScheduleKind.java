package dev.ddpm.diffusion;

/**
 * The kinds of noise schedule: how β_t grows with t. A constant names its kind in configurations
 * and in stored models, and makes a schedule from a configuration's numbers.
 */
public enum ScheduleKind {
  /** Linearly (Ho et al., arXiv 2006.11239). */
  LINEAR(ScheduleSpec.Linear.class) {
    @Override
    public ScheduleSpec create(int steps, double firstBeta, double lastBeta) {
      return new ScheduleSpec.Linear(steps, firstBeta, lastBeta);
    }
  },

  /** Linearly in √β (Rombach et al., arXiv 2112.10752). */
  SCALED_LINEAR(ScheduleSpec.ScaledLinear.class) {
    @Override
    public ScheduleSpec create(int steps, double firstBeta, double lastBeta) {
      return new ScheduleSpec.ScaledLinear(steps, firstBeta, lastBeta);
    }
  },

  /** As the logistic function rises from −6 to 6 (Xu et al., arXiv 2203.02923). */
  SIGMOID(ScheduleSpec.Sigmoid.class) {
    @Override
    public ScheduleSpec create(int steps, double firstBeta, double lastBeta) {
      return new ScheduleSpec.Sigmoid(steps, firstBeta, lastBeta);
    }
  },

  /** So that ᾱ follows a squared cosine (Nichol and Dhariwal, arXiv 2102.09672). */
  COSINE(ScheduleSpec.Cosine.class) {
    @Override
    public ScheduleSpec create(int steps, double firstBeta, double lastBeta) {
      return new ScheduleSpec.Cosine(steps);
    }
  };

  private final Class<? extends ScheduleSpec> type;

  ScheduleKind(Class<? extends ScheduleSpec> type) {
    this.type = type;
  }

  /** The record that describes a schedule of this kind. */
  public Class<? extends ScheduleSpec> type() {
    return type;
  }

  /**
   * Describes a schedule.
   *
   * @param steps number of steps T
   * @param firstBeta β of the first step; only for kinds that are defined by it
   * @param lastBeta β of the last step; likewise
   */
  public abstract ScheduleSpec create(int steps, double firstBeta, double lastBeta);
}
