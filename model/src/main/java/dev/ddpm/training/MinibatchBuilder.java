package dev.ddpm.training;

import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;

/**
 * Makes minibatches from images: mirrors, maps to the data range, draws t and ε and mixes them in,
 * and takes some images for ones of no class.
 *
 * <p>Everything drawn for an image depends on the seed, its row id and the number of its use alone,
 * so a step made again, or made elsewhere, sees the same. Not thread-safe: the minibatch is
 * overwritten by the next one.
 */
final class MinibatchBuilder {
  private final ImageShape image;
  private final int classes;
  private final GaussianDiffusion diffusion;
  private final TrainingSpec training;
  private final byte[] mirrored;
  private final float[] weightOfTimestep;

  /** Share of all timesteps up to each; null if all are drawn alike. */
  private final double[] drawnUpTo;

  private float[] x0 = {};
  private float[] epsilon = {};
  private Minibatch minibatch;

  /**
   * Builds nothing yet.
   *
   * @param network that the minibatches are for; the last row of its embedding of classes is that
   *     of no class
   */
  MinibatchBuilder(Architecture network, NoiseSchedule schedule, TrainingSpec training) {
    this.image = network.imageShape();
    this.classes = network.classes();
    this.diffusion = new GaussianDiffusion(schedule);
    this.training = training;
    this.mirrored = new byte[image.size()];
    double[] weights = weights(schedule, training);
    double[] shares = training.timesteps().of(weights);
    this.weightOfTimestep = factors(weights, shares, training);
    this.drawnUpTo = training.timesteps() == TimestepShares.UNIFORM ? null : cumulated(shares);
    this.minibatch = allocate(0);
  }

  private static double[] weights(NoiseSchedule schedule, TrainingSpec training) {
    double[] weights = new double[schedule.steps()];
    Arrays.setAll(weights, t -> training.weighting().at(schedule.snr(t), training.prediction()));
    return weights;
  }

  /**
   * What an image's squared error is multiplied by, by timestep: the less, the oftener it is drawn.
   * Null if all count the same, so that nothing is computed for them.
   */
  private static float[] factors(double[] weights, double[] shares, TrainingSpec training) {
    if (training.weighting() == LossWeighting.UNIFORM) {
      return null;
    }
    float[] factors = new float[weights.length];
    for (int t = 0; t < factors.length; t++) {
      factors[t] =
          training.timesteps() == TimestepShares.UNIFORM
              ? (float) weights[t]
              : (float) (weights[t] / (weights.length * shares[t]));
    }
    return factors;
  }

  private static double[] cumulated(double[] shares) {
    double[] sums = new double[shares.length];
    double sum = 0;
    for (int t = 0; t < sums.length; t++) {
      sum += shares[t];
      sums[t] = sum;
    }
    return sums;
  }

  /**
   * Draws timesteps and noise for images, and mixes them.
   *
   * @param uses number of the use of each image: that of the epoch where each is used once
   * @param ids row ids of the images
   * @param pixels uint8 values per image, (height, width, channels)
   * @param labels class per image, or {@link ClassLabels#NO_LABEL}; not looked at for a network
   *     without classes
   */
  Minibatch build(int[] uses, long[] ids, byte[][] pixels, int[] labels) {
    int size = image.size();
    resize(ids.length);
    for (int i = 0; i < ids.length; i++) {
      int offset = i * size;
      long id = ids[i];
      int use = uses[i];
      training.dataRange().fromBytes(oriented(id, use, pixels[i]), 0, x0, offset, size);
      int t = timestep(id, use);
      CounterRandom.gaussian(
          training.seed(), Stream.TRAINING_NOISE, id, use, epsilon, offset, size);
      diffusion.qSample(x0, epsilon, t, minibatch.batch().xt(), offset, size);
      diffusion.target(training.prediction(), x0, epsilon, t, minibatch.target(), offset, size);
      minibatch.batch().timesteps()[i] = t;
      if (weightOfTimestep != null) {
        minibatch.weights()[i] = weightOfTimestep[t];
      }
      if (classes > 0) {
        minibatch.batch().classes()[i] = taught(id, use, labels[i]);
      }
      minibatch.imageKeys()[i] = CounterRandom.bits(training.seed(), Stream.DROPOUT, id, use);
    }
    return minibatch;
  }

  private int timestep(long id, int use) {
    int steps = diffusion.schedule().steps();
    if (drawnUpTo == null) {
      return CounterRandom.uniformInt(training.seed(), Stream.TIMESTEP, id, use, steps);
    }
    int found =
        Arrays.binarySearch(
            drawnUpTo, CounterRandom.uniform(training.seed(), Stream.TIMESTEP, id, use));
    // The first whose sum is above what was drawn; rounding may leave the last one below 1.
    return Math.min(found < 0 ? -found - 1 : found + 1, steps - 1);
  }

  /** The class that an image is trained as. */
  private int taught(long id, int use, int label) {
    int noClass = classes - 1;
    if (label == ClassLabels.NO_LABEL) {
      return noClass;
    }
    if (label < 0 || label >= noClass) {
      throw new IllegalArgumentException(
          "Image %d has the class %d; the network knows %d.".formatted(id, label, noClass));
    }
    return training.labelDropout() > 0
            && CounterRandom.uniform(training.seed(), Stream.LABEL_DROPOUT, id, use)
                < training.labelDropout()
        ? noClass
        : label;
  }

  private byte[] oriented(long id, int use, byte[] pixels) {
    if (pixels.length != image.size()) {
      throw new IllegalArgumentException(
          "Image %d has %d values; the network takes %d."
              .formatted(id, pixels.length, image.size()));
    }
    if (!training.horizontalFlip()
        || CounterRandom.uniform(training.seed(), Stream.FLIP, id, use) >= 0.5) {
      return pixels;
    }
    int channels = image.channels();
    int row = image.width() * channels;
    for (int from = 0; from < row * image.height(); from += row) {
      for (int x = 0; x < row; x += channels) {
        System.arraycopy(pixels, from + x, mirrored, from + row - channels - x, channels);
      }
    }
    return mirrored;
  }

  private void resize(int images) {
    int values = images * image.size();
    if (x0.length < values) {
      x0 = new float[values];
      epsilon = new float[values];
      minibatch = allocate(images);
    } else if (minibatch.batch().size() != images) {
      minibatch = minibatch.ofSize(images);
    }
  }

  private Minibatch allocate(int images) {
    return Minibatch.allocate(images, image.size(), weightOfTimestep != null, classes > 0);
  }
}
