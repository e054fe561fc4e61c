package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Visits;

/**
 * DPM-Solver++(2M), a deterministic two-step solver of the probability-flow equation in terms of
 * the predicted clean image (Lu et al., arXiv 2211.01095, algorithm 2, midpoint form). With λ =
 * half the logarithm of the signal-to-noise ratio and h = λ_{t−1} − λ_t, a step is
 *
 * <pre>x_{t−1} = (s_{t−1}/s_t)·x_t + a_{t−1}·(1−e^{−h})·D,
 * D = x̂_0 + (h/h_before)/2·(x̂_0 − x̂_0 of the step before)</pre>
 *
 * where a = √ᾱ and s = √(1−ᾱ). The first step has nothing before it and takes D = x̂_0.
 *
 * @param schedule the noise levels to pass through; the model is not asked about the first of them
 *     if it is the end
 * @param end where the process ends
 * @param lowerOrderFinal whether the last step takes D = x̂_0 as well: steadier with few steps. To
 *     {@link SolverEnd#CLEAN} it always does
 */
public record DpmSolverPlusPlus2M(NoiseSchedule schedule, SolverEnd end, boolean lowerOrderFinal)
    implements Sampler {
  private static final int FEW_STEPS = 15;

  /**
   * Checks that there is a step to take.
   *
   * @throws DdpmException (user) if the process would end where it starts
   */
  public DpmSolverPlusPlus2M {
    if (end == SolverEnd.FIRST_LEVEL) {
      requireTwoLevels(schedule);
    }
  }

  /**
   * Checks that a solver that ends at the first noise level has a step to take.
   *
   * @throws DdpmException (user) if not
   */
  static void requireTwoLevels(NoiseSchedule schedule) {
    if (schedule.steps() < 2) {
      throw DdpmException.user(
          "A solver that ends at the first noise level needs at least 2 levels, not %d.",
          schedule.steps());
    }
  }

  /**
   * The solver as it is commonly run. Of few steps the last is always of the lower order.
   *
   * @param training schedule of the model's training
   * @param visits which levels the model is asked about; where they begin at timestep 0 and the
   *     process ends at it, it is not asked there
   * @throws DdpmException (user) if the schedule has no such levels
   */
  public static DpmSolverPlusPlus2M of(NoiseSchedule training, Visits visits, SolverEnd end) {
    NoiseSchedule visited = visits.multistep(training);
    if (end == SolverEnd.CLEAN) {
      return new DpmSolverPlusPlus2M(visited, end, true);
    }
    boolean endIsVisited = visited.timestep(0) == 0;
    return new DpmSolverPlusPlus2M(
        endIsVisited ? visited : visited.withFirst(training),
        end,
        !endIsVisited && visited.steps() < FEW_STEPS);
  }

  @Override
  public int lastStep() {
    return end == SolverEnd.CLEAN ? 0 : 1;
  }

  @Override
  public boolean needsNoise(int step) {
    return false;
  }

  @Override
  public void step(int step, StepState state, int length) {
    float[] x = state.x;
    float[] x0 = state.x0;
    if (step == 0) {
      System.arraycopy(x0, 0, x, 0, length);
      return;
    }
    double h = schedule.halfLogSnr(step - 1) - schedule.halfLogSnr(step);
    double gain = -schedule.signal(step - 1) * StrictMath.expm1(-h);
    float keep = (float) (schedule.noise(step - 1) / schedule.noise(step));
    if (state.previousStep < 0 || (step == lastStep() && lowerOrderFinal)) {
      float factor = (float) gain;
      for (int i = 0; i < length; i++) {
        x[i] = keep * x[i] + factor * x0[i];
      }
      return;
    }
    // Infinite after a level without signal, whose x̂_0 then counts for nothing.
    double hBefore = schedule.halfLogSnr(step) - schedule.halfLogSnr(state.previousStep);
    double slope = h / hBefore / 2;
    float factor = (float) (gain * (1 + slope));
    float factorBefore = (float) (-gain * slope);
    float[] before = state.previousX0;
    for (int i = 0; i < length; i++) {
      x[i] = keep * x[i] + factor * x0[i] + factorBefore * before[i];
    }
  }
}
