package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import java.util.Arrays;

/**
 * Finds the noise that {@link DdimSampler} with η = 0 takes to given images, by running its steps
 * backwards (Song et al., arXiv 2010.02502, section 4.3). The step to x_t inverts the sampler's
 * equation,
 *
 * <pre>x_t = √ᾱ_t·(x_{t−1} − √(1−ᾱ_{t−1})·ε̂)/√ᾱ_{t−1} + √(1−ᾱ_t)·ε̂</pre>
 *
 * where ε̂ is what the model sees in x_t, which is not known yet: it is first taken from x_{t−1}
 * and then from each x_t so found. Every correction brings encoding and decoding closer together,
 * for one more call of the model per step. The step to a level without signal, where ε̂ is x_T
 * itself and tells no image, takes x̂_0 in its place:
 *
 * <pre>x_T = (x_{T−1} − √ᾱ_{T−1}·x̂_0)/√(1−ᾱ_{T−1})</pre>
 *
 * <p>Thresholding has no inverse: decode without, or the images that it touches do not come back.
 * An instance serves one thread.
 */
public final class DdimInversion {
  private final DdimSampler sampler;
  private final NoiseSchedule schedule;
  private final Prediction prediction;
  private final int imageSize;
  private final int corrections;
  private final GaussianDiffusion diffusion;
  private final float[] before;
  private final float[] output;
  private final float[] predicted;
  private final float[] timesteps;

  /**
   * Allocates an inversion.
   *
   * @param sampler whose steps are run backwards
   * @param prediction what the model puts out
   * @param imageSize elements per image: height · width · channels
   * @param maximumBatch largest number of images at a time
   * @param corrections how often ε̂ is taken anew within a step, at least 0
   */
  public DdimInversion(
      DdimSampler sampler,
      Prediction prediction,
      int imageSize,
      int maximumBatch,
      int corrections) {
    if (imageSize < 1 || maximumBatch < 1 || corrections < 0) {
      throw new IllegalArgumentException(
          "imageSize = %d, maximumBatch = %d, corrections = %d"
              .formatted(imageSize, maximumBatch, corrections));
    }
    this.sampler = sampler;
    this.schedule = sampler.schedule();
    this.prediction = prediction;
    this.imageSize = imageSize;
    this.corrections = corrections;
    this.diffusion = new GaussianDiffusion(schedule);
    int size = Math.multiplyExact(imageSize, maximumBatch);
    this.before = new float[size];
    this.output = new float[size];
    this.predicted = new float[size];
    this.timesteps = new float[maximumBatch];
  }

  /**
   * Encodes images.
   *
   * @param model the model
   * @param batch number of images
   * @param x clean images, (batch, height, width, channels), in data range; receives what the
   *     sampler takes back to them from the last step
   * @param lastStep step of the schedule up to whose noise level they are taken
   * @throws DdpmException (user) if the schedule has no such step
   */
  public void encode(Denoiser model, int batch, float[] x, int lastStep) {
    if (lastStep < 0 || lastStep >= schedule.steps()) {
      throw DdpmException.user(
          "Images are encoded up to step %d: only 0..%d are allowed.",
          lastStep, schedule.steps() - 1);
    }
    int length = batch * imageSize;
    Batch images = Batch.unconditional(batch, x, timesteps);
    for (int step = 0; step <= lastStep; step++) {
      System.arraycopy(x, 0, before, 0, length);
      Arrays.fill(timesteps, 0, batch, (float) schedule.time(step));
      for (int i = 0; i <= corrections; i++) {
        model.predict(images, output);
        if (schedule.hasSignal(step)) {
          diffusion.predictEpsilon(prediction, x, output, step, predicted, 0, length);
          advance(step, x, length);
        } else {
          diffusion.predictX0(prediction, x, output, step, predicted, 0, length);
          advanceToNoise(step, x, length);
        }
      }
    }
  }

  private void advance(int step, float[] x, int length) {
    double previous = sampler.alphaBarPrevious(step);
    double ratio = schedule.signal(step) / Math.sqrt(previous);
    float keep = (float) ratio;
    float add = (float) (schedule.noise(step) - ratio * Math.sqrt(1 - previous));
    for (int i = 0; i < length; i++) {
      x[i] = keep * before[i] + add * predicted[i];
    }
  }

  private void advanceToNoise(int step, float[] x, int length) {
    double previous = sampler.alphaBarPrevious(step);
    if (previous == 1) {
      // The only step: every noise leads to the image that the model sees in it.
      return;
    }
    float keep = (float) (1 / Math.sqrt(1 - previous));
    float add = (float) -Math.sqrt(previous / (1 - previous));
    for (int i = 0; i < length; i++) {
      x[i] = keep * before[i] + add * predicted[i];
    }
  }
}
