package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Visits;

/**
 * Heun's method for the probability flow in terms of the ratio σ of noise to signal (Karras et al.,
 * arXiv 2206.00364, algorithm 1 without its noise). A step is that of {@link EulerSampler}, after
 * which the model is asked once more, at the level so reached; the step is then made again along
 * the mean of both ε̂:
 *
 * <pre>x_{t−1}/√ᾱ_{t−1} = x_t/√ᾱ_t + (σ_{t−1} − σ_t)·(ε̂_t + ε̂_{t−1})/2</pre>
 *
 * The last step, to the clean image, is Euler's: n steps are 2n − 1 calls of the model. So is a
 * first step from a level without signal, where σ is infinite: then they are 2n − 2.
 *
 * @param schedule the noise levels to pass through
 * @param startDeviation deviation of x_T, above 0
 */
public record HeunSampler(NoiseSchedule schedule, double startDeviation) implements Sampler {
  private static final int IMAGES = 0;
  private static final int EPSILON = 1;

  /**
   * The sampler over levels of a model's schedule.
   *
   * @param training schedule of the model's training
   * @param visits which levels the model is asked about
   * @throws DdpmException (user) if the schedule has no such levels
   */
  public static HeunSampler of(NoiseSchedule training, Visits visits) {
    NoiseSchedule visited = visits.continuous(training);
    return new HeunSampler(visited, EulerSampler.startDeviation(visited, visits));
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
  public boolean corrects(int step) {
    return step > 0 && schedule.hasSignal(step);
  }

  @Override
  public int keeps() {
    return 2;
  }

  @Override
  public void step(int step, StepState state, int length) {
    if (corrects(step)) {
      System.arraycopy(state.x, 0, state.kept[IMAGES], 0, length);
      System.arraycopy(state.epsilon, 0, state.kept[EPSILON], 0, length);
    }
    EulerSampler.towards(schedule.alphaBarPrevious(step), state, length);
  }

  @Override
  public void correct(int step, StepState state, int length) {
    double ratio = schedule.signal(step - 1) / schedule.signal(step);
    double way = schedule.signal(step - 1) * (schedule.sigma(step - 1) - schedule.sigma(step));
    float keep = (float) ratio;
    float half = (float) (way / 2);
    float[] x = state.x;
    float[] from = state.kept[IMAGES];
    float[] first = state.kept[EPSILON];
    float[] second = state.epsilon;
    for (int i = 0; i < length; i++) {
      x[i] = keep * from[i] + half * (first[i] + second[i]);
    }
  }
}
