package dev.ddpm.diffusion;

import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;

/**
 * How clean images become what a network is trained on: mirrored where that was drawn, mapped to
 * the data range, mixed with noise that is keyed by (seed, id, use), with the target beside them. A
 * back end may do it where it computes, with the same results to the bit. Keeps scratch memory: not
 * thread-safe.
 */
public final class Noising {
  private final ImageShape image;
  private final DataRange range;
  private final GaussianDiffusion diffusion;
  private final Prediction prediction;
  private final long seed;
  private final byte[] mirrored;
  private float[] x0 = {};
  private float[] epsilon = {};
  private Noised noised = new Noised(new float[0], new float[0]);

  /**
   * A way to make noised images.
   *
   * @param image shape of the images
   * @param range what their levels are mapped to
   * @param schedule of the noise
   * @param prediction what the network learns to predict
   * @param seed of the noise
   */
  public Noising(
      ImageShape image, DataRange range, NoiseSchedule schedule, Prediction prediction, long seed) {
    this.image = image;
    this.range = range;
    this.diffusion = new GaussianDiffusion(schedule);
    this.prediction = prediction;
    this.seed = seed;
    this.mirrored = new byte[image.size()];
  }

  /** Shape of the images. */
  public ImageShape image() {
    return image;
  }

  /** What levels are mapped to. */
  public DataRange range() {
    return range;
  }

  /** Seed of the noise, which is of {@link Stream#TRAINING_NOISE}. */
  public long seed() {
    return seed;
  }

  /**
   * What x_t and its target are sums of, each product and each sum being rounded to float32.
   *
   * @param image factor of the clean image in x_t
   * @param noise factor of the noise in x_t
   * @param targetImage factor of the clean image in the target
   * @param targetNoise factor of the noise in the target
   */
  public record Factors(float image, float noise, float targetImage, float targetNoise) {}

  /** The factors of a timestep. */
  public Factors factors(int t) {
    double a = diffusion.schedule().signal(t);
    double s = diffusion.schedule().noise(t);
    return new Factors(
        (float) a,
        (float) s,
        (float) prediction.targetFromX0(a, s),
        (float) prediction.targetFromEpsilon(a, s));
  }

  /**
   * Noised images, which the next ones overwrite. The arrays may be longer than these.
   *
   * @param xt noised images, in data range
   * @param target what the network should put out for them, of the same layout
   */
  // A view of reused arrays: it is never compared.
  @SuppressWarnings("ArrayRecordComponent")
  public record Noised(float[] xt, float[] target) {}

  /**
   * Makes noised images in this process.
   *
   * @param from the first of the images
   * @param images how many
   */
  public Noised apply(CleanBatch batch, int from, int images) {
    int size = image.size();
    if (x0.length < images * size) {
      x0 = new float[images * size];
      epsilon = new float[images * size];
      noised = new Noised(new float[images * size], new float[images * size]);
    }
    for (int i = 0; i < images; i++) {
      int offset = i * size;
      int t = batch.timesteps()[from + i];
      range.fromBytes(oriented(batch, from + i), 0, x0, offset, size);
      CounterRandom.gaussian(
          seed,
          Stream.TRAINING_NOISE,
          batch.ids()[from + i],
          batch.uses()[from + i],
          epsilon,
          offset,
          size);
      diffusion.qSample(x0, epsilon, t, noised.xt(), offset, size);
      diffusion.target(prediction, x0, epsilon, t, noised.target(), offset, size);
    }
    return noised;
  }

  private byte[] oriented(CleanBatch batch, int number) {
    byte[] levels = batch.levels()[number];
    if (!batch.mirrored()[number]) {
      return levels;
    }
    int channels = image.channels();
    int row = image.width() * channels;
    for (int from = 0; from < row * image.height(); from += row) {
      for (int x = 0; x < row; x += channels) {
        System.arraycopy(levels, from + x, mirrored, from + row - channels - x, channels);
      }
    }
    return mirrored;
  }
}
