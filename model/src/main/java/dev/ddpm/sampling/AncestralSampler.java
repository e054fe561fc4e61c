package dev.ddpm.sampling;

import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Variance;

/**
 * Draws from p(x_{t−1} | x_t), step by step (Ho et al., arXiv 2006.11239, algorithm 2): the mean of
 * the posterior for the predicted clean image, plus fresh noise. Respaced schedules use the β that
 * their larger steps imply.
 *
 * @param schedule the steps to take
 * @param variance variance of the fresh noise
 * @param noiseAtLastStep whether the step to the clean image adds noise too; the paper does not
 */
public record AncestralSampler(NoiseSchedule schedule, Variance variance, boolean noiseAtLastStep)
    implements Sampler {

  @Override
  public int lastStep() {
    return 0;
  }

  @Override
  public boolean needsNoise(int step) {
    return step > 0 || noiseAtLastStep;
  }

  @Override
  public void step(int step, StepState state, int length) {
    state.diffusion.posteriorMean(state.x0, state.x, step, state.x, 0, length);
    if (needsNoise(step)) {
      state.diffusion.addNoise(variance, state.x, state.z, step, 0, length);
    }
  }
}
