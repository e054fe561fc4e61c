package dev.ddpm.network.block;

import java.util.HashMap;
import java.util.Map;

/**
 * A block's buffers and bound operations, kept per batch size and apart for training and inference,
 * which needs far fewer.
 */
final class Passes<P> {
  private final Map<Integer, P> training = new HashMap<>();
  private final Map<Integer, P> inference = new HashMap<>();
  private final Factory<P> factory;
  private P last;

  @FunctionalInterface
  interface Factory<P> {
    P create(int batch, boolean training);
  }

  Passes(Factory<P> factory) {
    this.factory = factory;
  }

  /** The pass for a batch size; one for training is remembered for {@link #last}. */
  P of(int batch, boolean forTraining) {
    Map<Integer, P> known = forTraining ? training : inference;
    P pass = known.get(batch);
    if (pass == null) {
      pass = factory.create(batch, forTraining);
      known.put(batch, pass);
    }
    if (forTraining) {
      last = pass;
    }
    return pass;
  }

  /** The training pass that was used last, whose buffers a backward pass reads. */
  P last() {
    if (last == null) {
      throw new IllegalStateException("A backward pass needs a forward pass in training first.");
    }
    return last;
  }
}
