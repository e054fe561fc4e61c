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

  /**
   * The same model, asked about images of given classes, whatever classes it is told. So classes
   * reach a model through those who know of none, such as samplers.
   *
   * @param classes one per image of a batch, or more; read at every prediction
   */
  default Denoiser conditionedOn(int[] classes) {
    return (in, out) -> predict(in.ofClasses(classes), out);
  }
}
