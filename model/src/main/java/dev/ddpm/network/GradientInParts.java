package dev.ddpm.network;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;

/** The gradient of a batch, computed in the parts that {@link MemorySaving} cuts it into. */
public final class GradientInParts {
  private final MemorySaving saving;
  private Tensor sum;

  /** Computes the gradient of some images of a batch. */
  @FunctionalInterface
  public interface Part {
    /**
     * Overwrites the gradient by the part's share of that of the batch.
     *
     * @param from the first of the images
     * @param images how many these are
     * @return the mean of their losses
     */
    double compute(int from, int images);
  }

  /** Gradients of which none was computed yet. */
  public GradientInParts(MemorySaving saving) {
    this.saving = saving;
  }

  /**
   * Computes the gradient of a batch.
   *
   * @param engine whose tensors these are
   * @param gradient receives it, a vector
   * @return the mean of the losses of all images
   */
  public double compute(Engine engine, Tensor gradient, int batchSize, Part part) {
    int most = Math.min(saving.imagesAtOnce(), batchSize);
    if (most == batchSize) {
      return part.compute(0, batchSize);
    }
    double losses = 0;
    for (int from = 0; from < batchSize; from += most) {
      int images = Math.min(most, batchSize - from);
      if (from > 0) {
        keep(engine, gradient, from == most);
      }
      losses += part.compute(from, images) * images;
    }
    engine.kernels().add(sum, gradient);
    return losses / batchSize;
  }

  /** Adds the gradient of a part to that of those before it. */
  private void keep(Engine engine, Tensor gradient, boolean first) {
    if (sum == null) {
      sum = engine.allocate(gradient.length());
    }
    if (first) {
      engine.kernels().copy(gradient, sum);
    } else {
      engine.kernels().add(gradient, sum);
    }
  }
}
