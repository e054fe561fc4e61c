package dev.ddpm.diffusion;

/**
 * Noised images as a {@link Denoiser} takes them. The arrays belong to the caller, who may change
 * their content between two predictions; they may be longer than the batch.
 *
 * @param size number of images, at least 1
 * @param xt noised images, (size, height, width, channels) in row-major order, in data range
 * @param timesteps one per image, in 0..T−1: an index, or between two of them for samplers that
 *     visit noise levels between those of the training
 * @param classes one class per image, or null for images without one
 */
// A view of the caller's arrays: it is never compared.
@SuppressWarnings("ArrayRecordComponent")
public record Batch(int size, float[] xt, float[] timesteps, int[] classes) {

  /** A batch of images without classes. */
  public static Batch unconditional(int size, float[] xt, float[] timesteps) {
    return new Batch(size, xt, timesteps, null);
  }

  /** The same images of given classes: one per image, or more; null for images without one. */
  public Batch ofClasses(int[] others) {
    return new Batch(size, xt, timesteps, others);
  }
}
