package dev.ddpm.training;

import dev.ddpm.diffusion.Batch;

/**
 * What one optimiser step sees. The arrays are reused from step to step and may be longer than the
 * batch.
 *
 * @param batch the noised images, their timesteps, and their classes if the network knows any
 * @param target what the network should put out for them, of the same layout as the images
 * @param weights what the squared errors of each image are multiplied by; null if all count the
 *     same
 * @param imageKeys one key per image and epoch, for what blocks draw
 */
// A view of reused arrays: it is never compared.
@SuppressWarnings("ArrayRecordComponent")
record Minibatch(Batch batch, float[] target, float[] weights, long[] imageKeys) {

  /** Memory for a batch, with or without weights and classes. */
  static Minibatch allocate(int images, int imageSize, boolean weighted, boolean classes) {
    int values = images * imageSize;
    return new Minibatch(
        new Batch(images, new float[values], new float[images], classes ? new int[images] : null),
        new float[values],
        weighted ? new float[images] : null,
        new long[images]);
  }

  /** The same memory for another number of images, at most as many as it was allocated for. */
  Minibatch ofSize(int images) {
    return new Minibatch(
        new Batch(images, batch.xt(), batch.timesteps(), batch.classes()),
        target,
        weights,
        imageKeys);
  }
}
