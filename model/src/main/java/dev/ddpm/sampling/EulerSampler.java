package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.diffusion.Visits;

/**
 * Euler's method for the probability flow in terms of the ratio σ of noise to signal (Karras et
 * al., arXiv 2206.00364, algorithm 1 without its noise): from x/√ᾱ straight along ε̂ to the next σ.
 * In x itself that is x_{t−1} = √ᾱ_{t−1}·x̂_0 + √(1−ᾱ_{t−1})·ε̂, the step of {@link DdimSampler}
 * with η = 0; but the noise levels need not be those of whole timesteps. In this form the step is
 * defined, and exact, also from a level without signal, where σ is infinite.
 *
 * @param schedule the noise levels to pass through
 * @param startDeviation deviation of x_T, above 0
 */
public record EulerSampler(NoiseSchedule schedule, double startDeviation) implements Sampler {

  /**
   * The sampler over levels of a model's schedule.
   *
   * @param training schedule of the model's training
   * @param visits which levels the model is asked about
   * @throws DdpmException (user) if the schedule has no such levels
   */
  public static EulerSampler of(NoiseSchedule training, Visits visits) {
    NoiseSchedule visited = visits.continuous(training);
    return new EulerSampler(visited, startDeviation(visited, visits));
  }

  /**
   * Deviation of x_T for solvers in terms of σ. They start from x_T/√ᾱ = σ·z, as if nothing were
   * left of the image; or, with a spacing that stops short of the last timestep, from x_T = z.
   */
  static double startDeviation(NoiseSchedule visited, Visits visits) {
    return visits.spacing() == TimestepSpacing.LEADING ? 1 : visited.noise(visited.steps() - 1);
  }

  @Override
  public int lastStep() {
    return 0;
  }

  @Override
  public boolean needsNoise(int step) {
    return false;
  }

  @Override
  public void step(int step, StepState state, int length) {
    towards(schedule.alphaBarPrevious(step), state, length);
  }

  /**
   * The step, for other samplers too.
   *
   * @param reached ᾱ of the level that it leads to
   */
  static void towards(double reached, StepState state, int length) {
    float signal = (float) Math.sqrt(reached);
    float noise = (float) Math.sqrt(1 - reached);
    float[] x = state.x;
    float[] x0 = state.x0;
    float[] epsilon = state.epsilon;
    for (int i = 0; i < length; i++) {
      x[i] = signal * x0[i] + noise * epsilon[i];
    }
  }
}
