package dev.ddpm.training;

import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.TrainableNetwork;
import java.util.Arrays;

/**
 * One copy of the model with everything that an optimiser step needs. Not thread-safe: a worker has
 * a replica to itself.
 */
public final class Replica implements AutoCloseable {
  private final TrainableNetwork network;
  private final int imageSize;
  private final MinibatchBuilder minibatches;
  private final MinibatchBuilder heldOut;
  private final double clipNorm;
  private float[] predicted = {};

  /**
   * Trains a network that the caller has made.
   *
   * @param network is trained in place; the last row of its embedding of classes, if it has one, is
   *     that of no class
   * @param schedule of the noise that is mixed in
   * @param training how it is trained
   */
  public Replica(TrainableNetwork network, NoiseSchedule schedule, TrainingSpec training) {
    Architecture architecture = network.architecture();
    this.network = network;
    this.imageSize = architecture.imageShape().size();
    this.minibatches = new MinibatchBuilder(architecture, schedule, training);
    this.heldOut = new MinibatchBuilder(architecture, schedule, training.forHeldOut());
    this.clipNorm = training.clipNorm();
  }

  /** The network. */
  public TrainableNetwork network() {
    return network;
  }

  /** Closes the network. */
  @Override
  public void close() {
    network.close();
  }

  /**
   * Makes one optimiser step: draws timesteps and noise for the images, computes the gradient of
   * the simplified loss (Ho et al., equation 14), in which each image counts as the training's
   * weighting says, clips its global norm and updates the weights.
   *
   * @param uses number of the use of each image: with its id it keys what is drawn, so that an
   *     image that is used again is seen in another way; that of the epoch where each is used once
   * @param ids row ids of the images, which key what is drawn
   * @param pixels uint8 values per image, (height, width, channels)
   * @param labels class per image, or {@link ClassLabels#NO_LABEL}; not looked at by a network
   *     without classes
   * @return mean over all elements of the squared error, unweighted and before the update; if it is
   *     not finite, there was no update and no step is counted
   */
  public double step(int[] uses, long[] ids, byte[][] pixels, int[] labels) {
    Drawn drawn = minibatches.draw(uses, ids, pixels, labels);
    double loss =
        network.computeGradient(
            minibatches.noising(), drawn.images(), drawn.weights(), drawn.imageKeys());
    if (Double.isFinite(loss)) {
      network.update(clipNorm);
    }
    return loss;
  }

  /** The same of images that are used once in every epoch. */
  public double step(long epoch, long[] ids, byte[][] pixels, int[] labels) {
    int[] uses = new int[ids.length];
    Arrays.fill(uses, Math.toIntExact(epoch));
    return step(uses, ids, pixels, labels);
  }

  /**
   * Adds the losses of images that are not trained on: without dropout and flips, and with the same
   * timesteps and noise every time, so that the numbers of different rounds can be compared.
   *
   * @param ids row ids of the images, which key what is drawn
   * @param pixels uint8 values per image, (height, width, channels)
   * @param labels class per image, or {@link ClassLabels#NO_LABEL}; not looked at by a network
   *     without classes
   * @param losses takes one mean squared error per image
   */
  public void evaluate(long[] ids, byte[][] pixels, int[] labels, LossByTimestep losses) {
    Minibatch minibatch = heldOut.build(new int[ids.length], ids, pixels, labels);
    Batch batch = minibatch.batch();
    if (predicted.length < batch.size() * imageSize) {
      predicted = new float[batch.size() * imageSize];
    }
    network.predict(batch, predicted);
    for (int i = 0; i < batch.size(); i++) {
      double sum = 0;
      for (int j = i * imageSize; j < (i + 1) * imageSize; j++) {
        double error = (double) predicted[j] - minibatch.target()[j];
        sum += error * error;
      }
      losses.add((int) batch.timesteps()[i], sum / imageSize);
    }
  }
}
