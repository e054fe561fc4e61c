package dev.ddpm.sampling;

import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import java.util.Arrays;

/**
 * A model under {@link Guidance}. It is a model as any other, whatever it puts out: noise, clean
 * images and velocities are linear in each other, so that leading one leads all.
 *
 * <p>Where the scale is 1 for all images of a batch, the model alone is asked, as if there were no
 * guidance; where it is 0, the weaker one alone. All arrays are allocated with the instance and
 * reused. An instance serves one thread.
 */
public final class GuidedDenoiser implements Denoiser {
  private final Denoiser model;
  private final Denoiser weaker;
  private final Both both;
  private final Guidance guidance;
  private final int imageSize;
  private final float[] weak;

  /** Asks both about a batch. */
  @FunctionalInterface
  private interface Both {
    /** Puts what the model says into {@code out} and what the weaker one says into {@code weak}. */
    void predict(Batch in, float[] out, float[] weak);
  }

  private GuidedDenoiser(
      Denoiser model,
      Denoiser weaker,
      Both both,
      Guidance guidance,
      int imageSize,
      int maximumBatch) {
    this.model = model;
    this.weaker = weaker;
    this.both = both;
    this.guidance = guidance;
    this.imageSize = imageSize;
    this.weak = new float[Math.multiplyExact(imageSize, maximumBatch)];
  }

  /**
   * Guidance without a classifier: the weaker model is the same, not told the classes. Both are
   * asked in one batch of twice the size.
   *
   * @param model that knows classes
   * @param noClass what it is told of an image without one
   * @param imageSize elements per image: height · width · channels
   * @param maximumBatch largest number of images at a time
   */
  public static GuidedDenoiser withoutClasses(
      Denoiser model, int noClass, Guidance guidance, int imageSize, int maximumBatch) {
    int[] none = new int[maximumBatch];
    Arrays.fill(none, noClass);
    return new GuidedDenoiser(
        model,
        model.conditionedOn(none),
        new Twice(model, noClass, imageSize, maximumBatch),
        guidance,
        imageSize,
        maximumBatch);
  }

  /**
   * Guidance by another model, such as a smaller one or an earlier state of the same.
   *
   * @param model with or without classes
   * @param weaker of the same images, noise levels and output; is told the classes that the model
   *     is told
   * @param imageSize elements per image: height · width · channels
   * @param maximumBatch largest number of images at a time
   */
  public static GuidedDenoiser by(
      Denoiser weaker, Denoiser model, Guidance guidance, int imageSize, int maximumBatch) {
    return new GuidedDenoiser(
        model,
        weaker,
        (in, out, weak) -> {
          model.predict(in, out);
          weaker.predict(in, weak);
        },
        guidance,
        imageSize,
        maximumBatch);
  }

  @Override
  public void predict(Batch in, float[] out) {
    boolean everywhereOne = true;
    boolean everywhereZero = true;
    for (int image = 0; image < in.size(); image++) {
      double scale = guidance.at(in.timesteps()[image]);
      everywhereOne &= scale == 1;
      everywhereZero &= scale == 0;
    }
    if (everywhereOne) {
      model.predict(in, out);
    } else if (everywhereZero) {
      weaker.predict(in, out);
    } else {
      both.predict(in, out, weak);
      for (int image = 0; image < in.size(); image++) {
        lead(image, guidance.at(in.timesteps()[image]), out);
      }
    }
  }

  @Override
  public void drawNoise(long seed, long firstIndex, int step, int images, int size, float[] out) {
    model.drawNoise(seed, firstIndex, step, images, size, out);
  }

  /** {@inheritDoc} Both models. */
  @Override
  public void close() {
    model.close();
    weaker.close();
  }

  private void lead(int image, double scale, float[] out) {
    if (scale == 1) {
      return;
    }
    float s = (float) scale;
    for (int i = image * imageSize; i < (image + 1) * imageSize; i++) {
      out[i] = weak[i] + s * (out[i] - weak[i]);
    }
  }

  /** The images with their classes, and behind them the same without. */
  private static final class Twice implements Both {
    private final Denoiser model;
    private final int noClass;
    private final int imageSize;
    private final float[] xt;
    private final float[] timesteps;
    private final int[] classes;
    private final float[] output;

    Twice(Denoiser model, int noClass, int imageSize, int maximumBatch) {
      this.model = model;
      this.noClass = noClass;
      this.imageSize = imageSize;
      this.xt = new float[Math.multiplyExact(2 * maximumBatch, imageSize)];
      this.timesteps = new float[2 * maximumBatch];
      this.classes = new int[2 * maximumBatch];
      this.output = new float[xt.length];
    }

    @Override
    public void predict(Batch in, float[] out, float[] weak) {
      int size = in.size();
      int length = size * imageSize;
      System.arraycopy(in.xt(), 0, xt, 0, length);
      System.arraycopy(in.xt(), 0, xt, length, length);
      System.arraycopy(in.timesteps(), 0, timesteps, 0, size);
      System.arraycopy(in.timesteps(), 0, timesteps, size, size);
      System.arraycopy(in.classes(), 0, classes, 0, size);
      Arrays.fill(classes, size, 2 * size, noClass);
      model.predict(new Batch(2 * size, xt, timesteps, classes), output);
      System.arraycopy(output, 0, out, 0, length);
      System.arraycopy(output, length, weak, 0, length);
    }
  }
}
