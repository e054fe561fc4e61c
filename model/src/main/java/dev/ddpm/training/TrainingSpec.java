package dev.ddpm.training;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import java.io.Serializable;

/**
 * How a model is trained, apart from how the work is spread over workers.
 *
 * @param prediction what the network learns to predict
 * @param weighting how much each timestep counts in the loss
 * @param timesteps how often each is drawn; the gradient's expectation is the same for all
 * @param dataRange what pixel values are mapped to
 * @param horizontalFlip whether every image is mirrored with probability one half
 * @param labelDropout probability with which an image is taken for one of no class, in [0, 1];
 *     nothing is drawn for a network without classes
 * @param optimiser what turns gradients into updates
 * @param learningRate of the optimiser, step by step
 * @param clipNorm bound of the global norm of the gradient; 0 for none
 * @param emaDecay limit of the per-step decay of the averaged weights, in [0, 1); 0 for none
 * @param seed of everything that is drawn
 */
public record TrainingSpec(
    Prediction prediction,
    LossWeighting weighting,
    TimestepShares timesteps,
    DataRange dataRange,
    boolean horizontalFlip,
    double labelDropout,
    Optimiser optimiser,
    LearningRate learningRate,
    double clipNorm,
    double emaDecay,
    long seed)
    implements Serializable {

  /**
   * Checks the bounds.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public TrainingSpec {
    if (!(labelDropout >= 0 && labelDropout <= 1)) {
      throw DdpmException.user(
          "label-dropout = %s: must be at least 0 and at most 1.", labelDropout);
    }
    if (!(clipNorm >= 0)) {
      throw DdpmException.user("clip-norm = %s: must be above 0, or 0 for no clipping.", clipNorm);
    }
    if (!(emaDecay >= 0 && emaDecay < 1)) {
      throw DdpmException.user(
          "ema-decay = %s: must be at least 0 and below 1; 0 for no average.", emaDecay);
    }
  }

  /** The same for a run that counts on from so many optimiser steps. */
  public TrainingSpec after(long steps) {
    return new TrainingSpec(
        prediction,
        weighting,
        timesteps,
        dataRange,
        horizontalFlip,
        labelDropout,
        optimiser,
        learningRate.after(steps),
        clipNorm,
        emaDecay,
        seed);
  }

  /**
   * The same for images that are not trained on: without mirroring, with their classes, and with
   * all timesteps alike.
   */
  TrainingSpec forHeldOut() {
    return new TrainingSpec(
        prediction,
        weighting,
        TimestepShares.UNIFORM,
        dataRange,
        /* horizontalFlip= */ false,
        /* labelDropout= */ 0,
        optimiser,
        learningRate,
        clipNorm,
        emaDecay,
        seed);
  }
}
