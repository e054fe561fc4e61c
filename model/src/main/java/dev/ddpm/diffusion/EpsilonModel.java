package dev.ddpm.diffusion;

/** The noise predictor ε_θ(x_t, t), as the samplers and the evaluation see it. */
@FunctionalInterface
public interface EpsilonModel {

  /**
   * Predicts the noise of a batch.
   *
   * @param xt noised images, (batch, height, width, channels) in row-major order, in data range
   * @param timesteps one index in 0..T−1 per image
   * @param batch number of images; the arrays may be longer
   * @param epsilon receives the prediction, of the same layout as {@code xt}; must be another array
   */
  void predict(float[] xt, int[] timesteps, int batch, float[] epsilon);
}
