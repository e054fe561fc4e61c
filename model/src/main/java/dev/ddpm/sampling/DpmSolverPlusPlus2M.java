package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.TimestepSpacing;
import java.util.Arrays;

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
 * @param schedule the noise levels to pass through
 * @param end where the process ends
 * @param lowerOrderFinal whether the last step takes D = x̂_0 as well: steadier with few steps. To
 *     {@link End#CLEAN} it always does
 */
public record DpmSolverPlusPlus2M(NoiseSchedule schedule, End end, boolean lowerOrderFinal)
    implements Sampler {

  /** Where the process ends. */
  public enum End {
    /** At the clean image: the last step leads from the first noise level to x̂_0. */
    CLEAN,
    /** At the first noise level of the schedule, where the model is not asked any more. */
    FIRST_LEVEL
  }

  /**
   * Checks that there is a step to take.
   *
   * @throws DdpmException (user) if the process would end where it starts
   */
  public DpmSolverPlusPlus2M {
    if (end == End.FIRST_LEVEL && schedule.steps() < 2) {
      throw DdpmException.user(
          "A solver that ends at the first noise level needs at least 2 levels, not %d.",
          schedule.steps());
    }
  }

  /**
   * The solver as it is commonly run: at {@code steps} equal distances from T−1 down to above 0,
   * and from there to the clean image. Level 0 is left out, because it is so far from its neighbour
   * in log-SNR that the extrapolation over it does harm.
   *
   * @param training schedule of the model's training, with T steps
   * @param steps calls of the model, 1..T
   * @throws DdpmException (user) if {@code steps} is out of range
   */
  public static DpmSolverPlusPlus2M withSteps(NoiseSchedule training, int steps) {
    int total = training.steps();
    int[] levels =
        steps < 1 || steps >= total
            ? TimestepSpacing.LINSPACE.timesteps(total, steps)
            : Arrays.copyOfRange(
                TimestepSpacing.LINSPACE.timesteps(total, steps + 1), 1, steps + 1);
    return new DpmSolverPlusPlus2M(training.respaced(levels), End.CLEAN, true);
  }

  @Override
  public int lastStep() {
    return end == End.CLEAN ? 0 : 1;
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
