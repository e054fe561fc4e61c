package dev.ddpm.training;

import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;

/**
 * Makes minibatches from images: draws whether they are mirrored, their timesteps, and which are
 * taken for ones of no class; what {@link Noising} makes of that, here or where the network
 * computes, is what the network sees.
 *
 * <p>Everything drawn for an image depends on the seed, its row id and the number of its use alone,
 * so a step made again, or made elsewhere, sees the same. Not thread-safe: what was drawn or built
 * is overwritten by the next.
 */
final class MinibatchBuilder {
  private final ImageShape image;
  private final int classes;
  private final int timesteps;
  private final TrainingSpec training;
  private final Noising noising;
  private final float[] weightOfTimestep;

  /** Share of all timesteps up to each; null if all are drawn alike. */
  private final double[] drawnUpTo;

  private Drawn drawn;

  /**
   * Builds nothing yet.
   *
   * @param network that the minibatches are for; the last row of its embedding of classes is that
   *     of no class
   */
  MinibatchBuilder(Architecture network, NoiseSchedule schedule, TrainingSpec training) {
    this.image = network.imageShape();
    this.classes = network.classes();
    this.timesteps = schedule.steps();
    this.training = training;
    this.noising =
        new Noising(image, training.dataRange(), schedule, training.prediction(), training.seed());
    double[] weights = weights(schedule, training);
    double[] shares = training.timesteps().of(weights);
    this.weightOfTimestep = factors(weights, shares, training);
    this.drawnUpTo = training.timesteps() == TimestepShares.UNIFORM ? null : cumulated(shares);
    this.drawn = allocate(0);
  }

  /** How the images are noised. */
  Noising noising() {
    return noising;
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
   * Draws what is drawn for images, but their noise.
   *
   * @param uses number of the use of each image: that of the epoch where each is used once
   * @param ids row ids of the images
   * @param pixels uint8 values per image, (height, width, channels)
   * @param labels class per image, or {@link ClassLabels#NO_LABEL}; not looked at for a network
   *     without classes
   */
  Drawn draw(int[] uses, long[] ids, byte[][] pixels, int[] labels) {
    resize(ids.length);
    CleanBatch images = drawn.images();
    for (int i = 0; i < ids.length; i++) {
      long id = ids[i];
      int use = uses[i];
      requireSize(id, pixels[i]);
      images.levels()[i] = pixels[i];
      images.ids()[i] = id;
      images.uses()[i] = use;
      images.mirrored()[i] = mirrored(id, use);
      int t = timestep(id, use);
      images.timesteps()[i] = t;
      if (weightOfTimestep != null) {
        drawn.weights()[i] = weightOfTimestep[t];
      }
      if (classes > 0) {
        images.classes()[i] = taught(id, use, labels[i]);
      }
      drawn.imageKeys()[i] = CounterRandom.bits(training.seed(), Stream.DROPOUT, id, use);
    }
    return drawn;
  }

  /** The same with the images noised. */
  Minibatch build(int[] uses, long[] ids, byte[][] pixels, int[] labels) {
    CleanBatch images = draw(uses, ids, pixels, labels).images();
    Noising.Noised noised = noising.apply(images, 0, ids.length);
    float[] times = new float[ids.length];
    for (int i = 0; i < times.length; i++) {
      times[i] = images.timesteps()[i];
    }
    return new Minibatch(
        new Batch(ids.length, noised.xt(), times, images.classes()),
        noised.target(),
        drawn.weights(),
        drawn.imageKeys());
  }

  private int timestep(long id, int use) {
    if (drawnUpTo == null) {
      return CounterRandom.uniformInt(training.seed(), Stream.TIMESTEP, id, use, timesteps);
    }
    int found =
        Arrays.binarySearch(
            drawnUpTo, CounterRandom.uniform(training.seed(), Stream.TIMESTEP, id, use));
    // The first whose sum is above what was drawn; rounding may leave the last one below 1.
    return Math.min(found < 0 ? -found - 1 : found + 1, timesteps - 1);
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

  private boolean mirrored(long id, int use) {
    return training.horizontalFlip()
        && CounterRandom.uniform(training.seed(), Stream.FLIP, id, use) < 0.5;
  }

  private void requireSize(long id, byte[] pixels) {
    if (pixels.length != image.size()) {
      throw new IllegalArgumentException(
          "Image %d has %d values; the network takes %d."
              .formatted(id, pixels.length, image.size()));
    }
  }

  private void resize(int images) {
    if (drawn.imageKeys().length < images) {
      drawn = allocate(images);
    } else if (drawn.images().size() != images) {
      drawn = drawn.ofSize(images);
    }
  }

  private Drawn allocate(int images) {
    return Drawn.allocate(images, weightOfTimestep != null, classes > 0);
  }
}
