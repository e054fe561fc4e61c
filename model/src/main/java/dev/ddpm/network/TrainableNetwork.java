package dev.ddpm.network;

import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.Noising;
import java.util.function.ObjIntConsumer;

/**
 * A float32 network that can learn: all that training sees of it. Its weights and the state of its
 * optimiser are flat vectors in the order of {@link ParameterLayout}. One thread at a time.
 */
public interface TrainableNetwork extends Denoiser {

  /** What the network looks like. */
  Architecture architecture();

  /**
   * The gradient of a batch, with dropout; {@link #update} may follow. A network that {@linkplain
   * MemorySaving saves memory} computes it in parts.
   *
   * @param images how many
   * @param weights one factor per image of its squared errors in the gradient; null for 1
   * @param imageKeys one key per image that decides which activations are dropped
   * @param content puts images and their targets, from one on, into the tensors of a part
   * @return the mean of (target − output)² over all elements, without the weights: losses of
   *     different weightings can be compared
   */
  double computeGradient(
      int images, float[] weights, long[] imageKeys, ObjIntConsumer<BatchTensors> content);

  /**
   * The same for noised images.
   *
   * @param batch noised images and their timesteps
   * @param target what the network should put out, of the same layout as the images
   */
  default double computeGradient(Batch batch, float[] target, float[] weights, long[] imageKeys) {
    return computeGradient(
        batch.size(),
        weights,
        imageKeys,
        (tensors, from) -> {
          tensors.set(batch, from);
          tensors.setTarget(target, from);
        });
  }

  /**
   * The same for clean images, which are noised where the network computes, with the same results.
   *
   * @param noising how noised images and their targets are made of them
   */
  default double computeGradient(
      Noising noising, CleanBatch images, float[] weights, long[] imageKeys) {
    return computeGradient(
        images.size(), weights, imageKeys, (tensors, from) -> tensors.set(noising, images, from));
  }

  /**
   * Lets the optimiser apply the gradient to the weights, and counts the step.
   *
   * @param clipNorm the gradient is scaled down to this global norm if it is longer; 0 for no limit
   */
  void update(double clipNorm);

  /** Optimiser steps made so far. */
  long steps();

  /** A copy of the weights. */
  float[] parameters();

  /**
   * Replaces the weights, and nothing else.
   *
   * @throws IllegalArgumentException if there are more or fewer values than the network has
   */
  void setParameters(float[] parameters);

  /** A copy of the optimiser's state; empty for an optimiser without state. */
  float[] updaterState();

  /**
   * Puts the network where another has arrived.
   *
   * @param parameters weights
   * @param updaterState state of the optimiser; if empty, the network keeps its own
   * @param steps optimiser steps made to get there
   * @throws IllegalArgumentException if there are more or fewer values than the network has
   */
  void load(float[] parameters, float[] updaterState, long steps);
}
