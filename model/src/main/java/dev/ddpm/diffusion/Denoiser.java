package dev.ddpm.diffusion;

/**
 * A model as samplers and evaluation see it: something that looks at noised images and puts out
 * what {@link Prediction} says of them, be it the noise, the clean image or the velocity.
 */
@FunctionalInterface
public interface Denoiser {

  /**
   * Computes the model's output for a batch.
   *
   * @param in the noised images and their timesteps
   * @param out receives the output, (batch, height, width, channels) in row-major order; must be
   *     another array than that of the images, and may be longer than the batch needs
   */
  void predict(Batch in, float[] out);
}
