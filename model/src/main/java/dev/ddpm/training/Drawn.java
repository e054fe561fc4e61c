package dev.ddpm.training;

import dev.ddpm.diffusion.CleanBatch;

/**
 * The images of one optimiser step with what was drawn for them. The arrays are reused from step to
 * step and may be longer than the batch.
 *
 * @param images still clean
 * @param weights what the squared errors of each image are multiplied by; null if all count the
 *     same
 * @param imageKeys one key per image and epoch, for what blocks draw
 */
// A view of reused arrays: it is never compared.
@SuppressWarnings("ArrayRecordComponent")
record Drawn(CleanBatch images, float[] weights, long[] imageKeys) {

  /** Memory for a batch, with or without weights and classes. */
  static Drawn allocate(int images, boolean weighted, boolean classes) {
    return new Drawn(
        new CleanBatch(
            images,
            new byte[images][],
            new long[images],
            new int[images],
            new boolean[images],
            new int[images],
            classes ? new int[images] : null),
        weighted ? new float[images] : null,
        new long[images]);
  }

  /** The same memory for another number of images, at most as many as it was allocated for. */
  Drawn ofSize(int size) {
    return new Drawn(
        new CleanBatch(
            size,
            images.levels(),
            images.ids(),
            images.uses(),
            images.mirrored(),
            images.timesteps(),
            images.classes()),
        weights,
        imageKeys);
  }
}
