package dev.ddpm.random;

/**
 * What a random number is for. Two streams of the same seed share no numbers. The ids are part of
 * every stored result: they never change and are never used again for something else.
 */
public enum Stream {
  /** The timestep drawn for a training image. */
  TIMESTEP(0),
  /** The noise ε mixed into a training image. */
  TRAINING_NOISE(1),
  /** Whether a training image is mirrored. */
  FLIP(2),
  /** Activations dropped in training. */
  DROPOUT(3),
  /** The noise of the reverse process: x_T and every z. */
  SAMPLE_NOISE(4),
  /** The order of an epoch. */
  PERMUTATION(5),
  /** Initial weights. */
  WEIGHT_INIT(6),
  /** Which images are held out. */
  SPLIT(7),
  /** The timesteps of an image at which a model is evaluated. */
  EVALUATION_TIMESTEP(8),
  /** The noise with which a model is evaluated. */
  EVALUATION_NOISE(9),
  /** The directions on which patches of images are projected. */
  PROJECTION(10),
  /** The order in which images are dealt out to the parts of a set that are compared. */
  EVALUATION_ORDER(11),
  /** Whether a training image is taken for one of no class. */
  LABEL_DROPOUT(12),
  /** The orders of classes, and of the images of a class, where batches are balanced. */
  CLASS_ORDER(13);

  private final int id;

  Stream(int id) {
    this.id = id;
  }

  /** The fixed number of this stream, 0 to 15. */
  public int id() {
    return id;
  }
}
