package dev.ddpm.training;

import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;

/**
 * Makes minibatches from images: mirrors, maps to the data range, draws t and ε and mixes them in.
 *
 * <p>Everything drawn for an image depends on the seed, the epoch and its row id alone, so a step
 * made again, or made elsewhere, sees the same. Not thread-safe: the minibatch is overwritten by
 * the next one.
 */
final class MinibatchBuilder {
  private final ImageShape image;
  private final GaussianDiffusion diffusion;
  private final TrainingSpec training;
  private final byte[] mirrored;
  private final float[] weightOfTimestep;
  private float[] x0 = {};
  private float[] epsilon = {};
  private Minibatch minibatch;

  MinibatchBuilder(ImageShape image, NoiseSchedule schedule, TrainingSpec training) {
    this.image = image;
    this.diffusion = new GaussianDiffusion(schedule);
    this.training = training;
    this.mirrored = new byte[image.size()];
    this.weightOfTimestep = weights(schedule, training);
    this.minibatch = Minibatch.allocate(0, 0, weightOfTimestep != null);
  }

  /** By timestep; null if all count the same, so that nothing is computed for them. */
  private static float[] weights(NoiseSchedule schedule, TrainingSpec training) {
    if (training.weighting() == LossWeighting.UNIFORM) {
      return null;
    }
    float[] weights = new float[schedule.steps()];
    for (int t = 0; t < weights.length; t++) {
      weights[t] = (float) training.weighting().at(schedule.snr(t), training.prediction());
    }
    return weights;
  }

  /**
   * Draws timesteps and noise for images, and mixes them.
   *
   * @param epoch number of the epoch
   * @param ids row ids of the images
   * @param pixels uint8 values per image, (height, width, channels)
   */
  Minibatch build(long epoch, long[] ids, byte[][] pixels) {
    int step = Math.toIntExact(epoch);
    int size = image.size();
    resize(ids.length);
    for (int i = 0; i < ids.length; i++) {
      int offset = i * size;
      long id = ids[i];
      training.dataRange().fromBytes(oriented(id, step, pixels[i]), 0, x0, offset, size);
      int t =
          CounterRandom.uniformInt(
              training.seed(), Stream.TIMESTEP, id, step, diffusion.schedule().steps());
      CounterRandom.gaussian(
          training.seed(), Stream.TRAINING_NOISE, id, step, epsilon, offset, size);
      diffusion.qSample(x0, epsilon, t, minibatch.batch().xt(), offset, size);
      diffusion.target(training.prediction(), x0, epsilon, t, minibatch.target(), offset, size);
      minibatch.batch().timesteps()[i] = t;
      if (weightOfTimestep != null) {
        minibatch.weights()[i] = weightOfTimestep[t];
      }
      minibatch.imageKeys()[i] = CounterRandom.bits(training.seed(), Stream.DROPOUT, id, step);
    }
    return minibatch;
  }

  private byte[] oriented(long id, int step, byte[] pixels) {
    if (pixels.length != image.size()) {
      throw new IllegalArgumentException(
          "Image %d has %d values; the network takes %d."
              .formatted(id, pixels.length, image.size()));
    }
    if (!training.horizontalFlip()
        || CounterRandom.uniform(training.seed(), Stream.FLIP, id, step) >= 0.5) {
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
      minibatch = Minibatch.allocate(images, image.size(), weightOfTimestep != null);
    } else if (minibatch.batch().size() != images) {
      minibatch = minibatch.ofSize(images);
    }
  }
}
