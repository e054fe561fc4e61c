package dev.ddpm.training;

/**
 * What one optimiser step sees. The arrays are reused from step to step and may be longer than the
 * batch.
 */
final class Minibatch {
  /** Number of images. */
  final int size;

  /** Noised images, (size, height, width, channels). */
  final float[] xt;

  /** One timestep per image, 0..T−1. */
  final int[] timesteps;

  /** What the network should predict for them, same layout. */
  final float[] target;

  /** One key per image and epoch, for what layers draw. */
  final long[] imageKeys;

  Minibatch(int size, float[] xt, int[] timesteps, float[] target, long[] imageKeys) {
    this.size = size;
    this.xt = xt;
    this.timesteps = timesteps;
    this.target = target;
    this.imageKeys = imageKeys;
  }
}
