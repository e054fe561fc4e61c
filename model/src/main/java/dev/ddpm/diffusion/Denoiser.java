package dev.ddpm.diffusion;

import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;

/**
 * A model as samplers and evaluation see it: something that looks at noised images and puts out
 * what {@link Prediction} says of them, be it the noise, the clean image or the velocity. Whoever
 * has made it closes it.
 */
@FunctionalInterface
public interface Denoiser extends AutoCloseable {

  /**
   * Computes the model's output for a batch.
   *
   * @param in the noised images and their timesteps
   * @param out receives the output, (batch, height, width, channels) in row-major order; must be
   *     another array than that of the images, and may be longer than the batch needs
   */
  void predict(Batch in, float[] out);

  /**
   * Draws noise of {@link Stream#SAMPLE_NOISE} for images of consecutive indices, where the model
   * computes: the numbers of {@link CounterRandom#gaussian}, to the bit. This draws them on the
   * CPU: whoever wraps a model passes the call on to it.
   *
   * @param firstIndex index of the first image; the others follow
   * @param imageSize values of an image
   * @param out receives the noise; what follows the last image is left alone
   */
  default void drawNoise(
      long seed, long firstIndex, int step, int images, int imageSize, float[] out) {
    for (int image = 0; image < images; image++) {
      CounterRandom.gaussian(
          seed, Stream.SAMPLE_NOISE, firstIndex + image, step, out, image * imageSize, imageSize);
    }
  }

  /**
   * The same model, asked about images of given classes, whatever classes it is told. So classes
   * reach a model through those who know of none, such as samplers.
   *
   * @param classes one per image of a batch, or more; read at every prediction
   */
  default Denoiser conditionedOn(int[] classes) {
    return new ConditionedDenoiser(this, classes);
  }

  /** Gives back what the model holds, be it on a card; twice does no harm. */
  @Override
  default void close() {}
}
