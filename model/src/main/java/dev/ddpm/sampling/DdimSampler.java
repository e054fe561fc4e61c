package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;

/**
 * Denoising diffusion implicit models (Song et al., arXiv 2010.02502, equation 12): x_{t−1} =
 * √ᾱ_{t−1}·x̂_0 + √(1−ᾱ_{t−1}−σ²)·ε̂ + σ·z with σ = η·√β̃_t. Where x̂_0 is clipped, ε̂ is the noise
 * that leads from it to x_t: with the model's own ε̂ every step would move the image by what was
 * cut off, and more steps would end farther from the solution. Models that are to be sampled as the
 * diffusers library does it by default may take the model's own all the same.
 *
 * @param schedule the steps to take
 * @param eta 0 for a deterministic map from noise to image, 1 for as much noise as ancestral
 *     sampling with the small variance
 * @param keepsPredictedNoise whether ε̂ is the model's own also where x̂_0 is clipped
 * @param lastAlphaBar ᾱ of the images that the last step leads to: 1 for clean ones, or that of the
 *     training's first step, with the little noise that it has
 */
public record DdimSampler(
    NoiseSchedule schedule, double eta, boolean keepsPredictedNoise, double lastAlphaBar)
    implements Sampler {

  /**
   * Checks η.
   *
   * @throws DdpmException (user) unless it is in 0..1
   */
  public DdimSampler {
    if (!(eta >= 0 && eta <= 1)) {
      throw DdpmException.user("eta = %s: must be at least 0 and at most 1.", eta);
    }
  }

  /** The sampler whose ε̂ leads from the clipped x̂_0 to x_t. */
  public DdimSampler(NoiseSchedule schedule, double eta) {
    this(schedule, eta, false, 1);
  }

  @Override
  public int lastStep() {
    return 0;
  }

  @Override
  public boolean needsNoise(int step) {
    return eta > 0 && (step > 0 || lastAlphaBar < 1);
  }

  /** ᾱ of the images that a step leads to. */
  double alphaBarPrevious(int step) {
    return step == 0 ? lastAlphaBar : schedule.alphaBarPrevious(step);
  }

  /** Of DDPM's noise, which is that of η = 1. */
  private double variance(int step) {
    return step == 0
        ? (1 - lastAlphaBar)
            / (1 - schedule.alphaBar(0))
            * (1 - schedule.alphaBar(0) / lastAlphaBar)
        : schedule.posteriorVariance(step);
  }

  @Override
  public void step(int step, StepState state, int length) {
    double alphaBarPrevious = alphaBarPrevious(step);
    double variance = eta * eta * variance(step);
    float signal = (float) Math.sqrt(alphaBarPrevious);
    float direction = (float) Math.sqrt(Math.max(0, 1 - alphaBarPrevious - variance));
    float sigma = (float) Math.sqrt(variance);
    float[] x = state.x;
    float[] x0 = state.x0;
    float[] epsilon = state.epsilon;
    float[] z = state.z;
    if (needsNoise(step)) {
      for (int i = 0; i < length; i++) {
        x[i] = signal * x0[i] + direction * epsilon[i] + sigma * z[i];
      }
    } else {
      for (int i = 0; i < length; i++) {
        x[i] = signal * x0[i] + direction * epsilon[i];
      }
    }
  }
}
