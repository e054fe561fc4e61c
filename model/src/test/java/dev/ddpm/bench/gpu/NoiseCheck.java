package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Random;

/** Noise, and images that are noised, against this process: equal to the bit. */
final class NoiseCheck {
  private static final int TIMESTEPS = 1000;
  private static final long SEED = 77;

  private NoiseCheck() {}

  /**
   * Errors are numbers of values that differ.
   *
   * @param images of 32×32×3 values whose noise is compared
   */
  static void run(CardUnderTest card, int images, Attempts attempts) {
    Precision precision = Precision.FLOAT32;
    attempts.check(
        "values of noise that differ",
        precision,
        0,
        () -> noise(card.engine().apply(precision), images));
    for (Prediction prediction : new Prediction[] {Prediction.EPSILON, Prediction.V}) {
      attempts.check(
          "values of noised images and targets that differ, " + prediction,
          precision,
          0,
          () -> noised(card.engine().apply(precision), prediction));
    }
  }

  private static int noise(Engine engine, int images) {
    int size = 32 * 32 * 3;
    float[] expected = new float[images * size];
    for (int i = 0; i < images; i++) {
      CounterRandom.gaussian(SEED, Stream.SAMPLE_NOISE, i - 1L, i, expected, i * size, size);
    }
    int differing = 0;
    for (int i = 0; i < images; i++) {
      // each with a step of its own: more than one launch
      Tensor noise = engine.scratch("noise", 1, size);
      engine.kernels().gaussian(SEED, Stream.SAMPLE_NOISE, i - 1L, i, noise);
      differing += differing(Values.of(noise), expected, i * size);
    }
    return differing;
  }

  /** Every second image is mirrored, and timesteps are all over the schedule. */
  private static int noised(Engine engine, Prediction prediction) {
    ImageShape image = new ImageShape(28, 30, 3);
    int size = 24;
    Random random = new Random(SEED);
    CleanBatch clean =
        new CleanBatch(
            size,
            new byte[size][image.size()],
            random.longs(size).toArray(),
            random.ints(size, 0, TIMESTEPS).toArray(),
            new boolean[size],
            random.ints(size, 0, TIMESTEPS).toArray(),
            null);
    for (int i = 0; i < size; i++) {
      random.nextBytes(clean.levels()[i]);
      clean.mirrored()[i] = i % 2 == 1;
    }
    Noising noising =
        new Noising(
            image, DataRange.MINUS_ONE_TO_ONE, NoiseSchedule.linear(TIMESTEPS), prediction, SEED);
    Tensor xt = engine.allocate(size, image.height(), image.width(), image.channels());
    Tensor target = engine.allocate(xt.shape());
    engine.kernels().noise(noising, clean, 0, xt, target);
    Noising.Noised expected = noising.apply(clean, 0, size);
    return differing(Values.of(xt), expected.xt(), 0)
        + differing(Values.of(target), expected.target(), 0);
  }

  private static int differing(float[] actual, float[] expected, int from) {
    int differing = 0;
    for (int i = 0; i < actual.length; i++) {
      if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[from + i])) {
        differing++;
      }
    }
    return differing;
  }
}
