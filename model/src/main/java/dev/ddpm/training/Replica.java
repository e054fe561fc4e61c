package dev.ddpm.training;

import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.network.EpsModel;
import dev.ddpm.network.UNetSpec;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One copy of the model with everything that an optimiser step needs. Not thread-safe: a worker has
 * a replica to itself.
 */
public final class Replica {
  private final EpsModel model;
  private final MinibatchBuilder minibatches;
  private final MinibatchBuilder heldOut;
  private final double clipNorm;
  private float[] predicted = {};

  private Replica(
      EpsModel model, MinibatchBuilder minibatches, MinibatchBuilder heldOut, double clipNorm) {
    this.model = model;
    this.minibatches = minibatches;
    this.heldOut = heldOut;
    this.clipNorm = clipNorm;
  }

  /** A replica with the initial weights that the seed of {@code training} gives. */
  public static Replica create(UNetSpec unet, NoiseSchedule schedule, TrainingSpec training) {
    return new Replica(
        EpsModel.create(
            unet, training.seed(), training.optimiser().updater(training.learningRate())),
        new MinibatchBuilder(unet, schedule, training),
        new MinibatchBuilder(unet, schedule, training.withoutFlip()),
        training.clipNorm());
  }

  /** The model. */
  public EpsModel model() {
    return model;
  }

  /**
   * Makes one optimiser step: draws timesteps and noise for the images, computes the gradient of
   * the simplified loss (Ho et al., equation 14), clips its global norm and updates the weights.
   *
   * @param epoch number of the epoch, which keys what is drawn
   * @param ids row ids of the images, which key what is drawn
   * @param pixels uint8 values per image, (height, width, channels)
   * @return mean over all elements of the squared error, before the update; if it is not finite,
   *     there was no update and no step is counted
   */
  public double step(long epoch, long[] ids, byte[][] pixels) {
    Minibatch batch = minibatches.build(epoch, ids, pixels);
    double loss =
        model.computeGradient(batch.xt, batch.timesteps, batch.target, batch.imageKeys, batch.size);
    if (Double.isFinite(loss)) {
      clip();
      model.update(batch.size);
    }
    return loss;
  }

  /**
   * Adds the losses of images that are not trained on: without dropout and flips, and with the same
   * timesteps and noise every time, so that the numbers of different rounds can be compared.
   *
   * @param ids row ids of the images, which key what is drawn
   * @param pixels uint8 values per image, (height, width, channels)
   * @param losses takes one mean squared error per image
   */
  public void evaluate(long[] ids, byte[][] pixels, LossByTimestep losses) {
    Minibatch batch = heldOut.build(0, ids, pixels);
    int size = model.spec().imageSize();
    if (predicted.length < batch.size * size) {
      predicted = new float[batch.size * size];
    }
    model.predict(batch.xt, batch.timesteps, batch.size, predicted);
    for (int i = 0; i < batch.size; i++) {
      double sum = 0;
      for (int j = i * size; j < (i + 1) * size; j++) {
        double error = (double) predicted[j] - batch.target[j];
        sum += error * error;
      }
      losses.add(batch.timesteps[i], sum / size);
    }
  }

  private void clip() {
    if (clipNorm > 0) {
      INDArray gradient = model.graph().getFlattenedGradients();
      double norm = gradient.norm2Number().doubleValue();
      if (norm > clipNorm) {
        gradient.muli(clipNorm / norm);
      }
    }
  }

  /** Optimiser steps made so far. */
  public long optimiserSteps() {
    return model.graph().getConfiguration().getIterationCount();
  }

  /** A copy of the flat weights. */
  public float[] parameters() {
    return model.parameters();
  }

  /** A copy of the flat optimiser state; empty for an optimiser without state. */
  public float[] updaterState() {
    INDArray state = model.graph().getUpdater().getStateViewArray();
    return state == null ? new float[0] : FlatVector.read(state);
  }

  /**
   * Puts the replica where another has arrived.
   *
   * @param parameters flat weights
   * @param updaterState flat optimiser state
   * @param optimiserSteps steps made to get there
   */
  public void load(float[] parameters, float[] updaterState, long optimiserSteps) {
    model.setParameters(parameters);
    if (updaterState.length > 0) {
      FlatVector.write(updaterState, model.graph().getUpdater().getStateViewArray());
    }
    model.graph().getConfiguration().setIterationCount(Math.toIntExact(optimiserSteps));
  }
}
