package dev.ddpm.sampling;

import dev.ddpm.diffusion.Denoiser;

/**
 * Images between two images (Ho et al., arXiv 2006.11239, section 4.4): both are noised to the same
 * step with the same noise, mixed linearly, and taken back through the reverse process. With the
 * same noise a mixture has exactly the noise of its step.
 *
 * <p>One process is used for all; an instance serves one thread.
 */
public final class Interpolation {
  private final ReverseProcess process;
  private final int imageSize;
  private final float[] second;

  /**
   * Interpolates with a reverse process.
   *
   * @param process how images are denoised
   * @param imageSize elements per image, as of {@code process}
   */
  public Interpolation(ReverseProcess process, int imageSize) {
    this.process = process;
    this.imageSize = imageSize;
    this.second = new float[imageSize];
  }

  /**
   * Computes one image per weight. The start has the noise of {@code index}; a sampler that draws
   * fresh noise on the way draws it for each result under its own index.
   *
   * @param model the model
   * @param seed seed of the run
   * @param index sample index of the first result; the others follow
   * @param first image at weight 0, in data range
   * @param other image at weight 1, in data range
   * @param weights share of {@code other} in each result, usually in 0..1
   * @param step step of the sampler's schedule to which both are noised, and the first that is
   *     taken back: the higher, the freer the results
   * @param out receives the images, (weights, height, width, channels)
   * @param listener is called after every step
   */
  public void interpolate(
      Denoiser model,
      long seed,
      long index,
      float[] first,
      float[] other,
      float[] weights,
      int step,
      float[] out,
      StepListener listener) {
    System.arraycopy(first, 0, out, 0, imageSize);
    process.noise(seed, index, step, 0, out);
    System.arraycopy(other, 0, second, 0, imageSize);
    process.noise(seed, index, step, 0, second);
    for (int image = weights.length - 1; image >= 0; image--) {
      float weight = weights[image];
      for (int i = 0; i < imageSize; i++) {
        out[image * imageSize + i] = (1 - weight) * out[i] + weight * second[i];
      }
    }
    process.denoise(model, seed, index, weights.length, out, step, listener);
  }
}
