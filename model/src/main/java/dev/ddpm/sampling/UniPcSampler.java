package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Visits;

/**
 * UniPC of order 2 with B(h) = e^h − 1, for x̂_0 (Zhao et al., arXiv 2302.04867, algorithms 5 to
 * 8): a multistep predictor like {@link DpmSolverPlusPlus2M}, and a corrector that makes the step
 * that led to x_t again once the model has seen x_t, which costs no further call of it. With λ half
 * the logarithm of the signal-to-noise ratio, a = √ᾱ and s = √(1−ᾱ), both go from a level to one
 * that is h higher in λ by
 *
 * <pre>x' = (s'/s)·x + a'·(1−e^{−h})·(x̂_0 + r·(x̂_0 before − x̂_0)/ρ + c·(x̂_0' − x̂_0))</pre>
 *
 * where "before" is the level before this one, at distance ρ·h in λ. The predictor has r = 1/2 and
 * c = 0; the corrector r and c with which the step is exact for x̂_0 that are quadratic in λ. The
 * first step has nothing before it: r = 0, and c = 1/2 for its corrector. So has the last
 * predictor, r = 0.
 *
 * @param schedule the noise levels to pass through
 * @param end where the process ends; the first noise level is the first of {@code schedule}
 * @param asksAtEnd whether the model is asked at the first noise level too and the images there are
 *     corrected by that; meaningless if the process ends at the clean image
 */
public record UniPcSampler(NoiseSchedule schedule, SolverEnd end, boolean asksAtEnd)
    implements Sampler {
  private static final int IMAGES = 0;
  private static final int EARLIER_X0 = 1;

  /**
   * Checks that there is a step to take.
   *
   * @throws DdpmException (user) if the process would end where it starts
   */
  public UniPcSampler {
    if (end == SolverEnd.FIRST_LEVEL) {
      DpmSolverPlusPlus2M.requireTwoLevels(schedule);
    }
  }

  /**
   * The solver as it is commonly run.
   *
   * @param training schedule of the model's training
   * @param visits which levels the model is asked about
   * @throws DdpmException (user) if the schedule has no such levels
   */
  public static UniPcSampler of(NoiseSchedule training, Visits visits, SolverEnd end) {
    NoiseSchedule visited = visits.multistep(training);
    boolean endIsVisited = visited.timestep(0) == 0;
    return end == SolverEnd.CLEAN || endIsVisited
        ? new UniPcSampler(visited, end, endIsVisited)
        : new UniPcSampler(visited.withFirst(training), end, false);
  }

  @Override
  public int lastStep() {
    return end == SolverEnd.CLEAN || asksAtEnd ? 0 : 1;
  }

  @Override
  public boolean needsNoise(int step) {
    return false;
  }

  @Override
  public int keeps() {
    return 2;
  }

  @Override
  public void step(int step, StepState state, int length) {
    if (step == 0 && end == SolverEnd.CLEAN) {
      System.arraycopy(state.x0, 0, state.x, 0, length);
      return;
    }
    boolean first = state.previousStep < 0;
    if (!first) {
      correctLast(step, state, length);
    }
    if (step == 0) {
      return;
    }
    System.arraycopy(state.x, 0, state.kept[IMAGES], 0, length);
    predict(step, state, length, !first && step > lastStep());
    if (!first) {
      System.arraycopy(state.previousX0, 0, state.kept[EARLIER_X0], 0, length);
    }
  }

  private void predict(int step, StepState state, int length, boolean secondOrder) {
    double gain = gain(step, step - 1);
    double slope = secondOrder ? 0.5 / share(state.previousStep, step, step - 1) : 0;
    float keep = (float) (schedule.noise(step - 1) / schedule.noise(step));
    float ofX0 = (float) (gain * (1 - slope));
    float ofPrevious = (float) (gain * slope);
    float[] x = state.x;
    float[] x0 = state.x0;
    float[] previous = state.previousX0;
    if (!secondOrder) {
      for (int i = 0; i < length; i++) {
        x[i] = keep * x[i] + ofX0 * x0[i];
      }
      return;
    }
    for (int i = 0; i < length; i++) {
      x[i] = keep * x[i] + ofX0 * x0[i] + ofPrevious * previous[i];
    }
  }

  /** Makes the step from the one taken before to this one again. */
  private void correctLast(int step, StepState state, int length) {
    int from = state.previousStep;
    double gain = gain(from, step);
    float keep = (float) (schedule.noise(step) / schedule.noise(from));
    float[] x = state.x;
    float[] start = state.kept[IMAGES];
    float[] x0 = state.x0;
    float[] previous = state.previousX0;
    if (state.earlierStep < 0) {
      float half = (float) (gain / 2);
      for (int i = 0; i < length; i++) {
        x[i] = keep * start[i] + half * previous[i] + half * x0[i];
      }
      return;
    }
    double h = schedule.halfLogSnr(step) - schedule.halfLogSnr(from);
    double rho = share(state.earlierStep, from, step);
    // What the integrals of 1 and of λ over the step are, by their exact values.
    double firstMoment = 1 / -h - 1 / StrictMath.expm1(-h);
    double secondMoment = 2 * (firstMoment / -h - 0.5 / StrictMath.expm1(-h));
    double r = (firstMoment - secondMoment) / (1 - rho);
    double c = firstMoment - r;
    float ofEarlier = (float) (gain * r / rho);
    float ofPrevious = (float) (gain * (1 - r / rho - c));
    float ofX0 = (float) (gain * c);
    float[] earlier = state.kept[EARLIER_X0];
    for (int i = 0; i < length; i++) {
      x[i] = keep * start[i] + ofPrevious * previous[i] + ofEarlier * earlier[i] + ofX0 * x0[i];
    }
  }

  /** a'·(1−e^{−h}) of the step between two levels. */
  private double gain(int from, int to) {
    double h = schedule.halfLogSnr(to) - schedule.halfLogSnr(from);
    return -schedule.signal(to) * StrictMath.expm1(-h);
  }

  /**
   * ρ: the distance in λ to the level before a step, as a multiple of the step's; negative, and
   * infinite if that level has no signal, so that its x̂_0 counts for nothing.
   */
  private double share(int before, int from, int to) {
    double lambda = schedule.halfLogSnr(from);
    return (schedule.halfLogSnr(before) - lambda) / (schedule.halfLogSnr(to) - lambda);
  }
}
