package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/**
 * Runs a {@link Sampler} over a batch of images, from noise to clean images.
 *
 * <p>All noise is keyed: x_T of image i is drawn for (seed, i, {@link #INITIAL_NOISE}), and the
 * fresh noise of a step for (seed, i, timestep), both from {@link Stream#SAMPLE_NOISE}. Everything
 * but the model is element by element, so an image depends on its seed and index only, not on the
 * batch that it is computed in, as far as the same is true of the model.
 *
 * <p>All arrays are allocated with the instance and reused. An instance serves one thread.
 */
public final class ReverseProcess {
  /** The step number under which x_T is drawn. */
  public static final int INITIAL_NOISE = -1;

  private final Sampler sampler;
  private final Prediction prediction;
  private final Thresholding thresholding;
  private final int imageSize;
  private final int maximumBatch;
  private final GaussianDiffusion diffusion;
  private final StepState state;
  private final float[] output;
  private final float[] scratch;
  private final float[] timesteps;

  /**
   * Allocates a process.
   *
   * @param sampler rule of a step
   * @param prediction what the model puts out
   * @param thresholding what is done to predicted clean images
   * @param imageSize elements per image: height · width · channels
   * @param maximumBatch largest number of images at a time
   */
  public ReverseProcess(
      Sampler sampler,
      Prediction prediction,
      Thresholding thresholding,
      int imageSize,
      int maximumBatch) {
    if (imageSize < 1 || maximumBatch < 1) {
      throw new IllegalArgumentException(
          "imageSize = " + imageSize + ", maximumBatch = " + maximumBatch + ": must be positive");
    }
    this.sampler = sampler;
    this.prediction = prediction;
    this.thresholding = thresholding;
    this.imageSize = imageSize;
    this.maximumBatch = maximumBatch;
    this.diffusion = new GaussianDiffusion(sampler.schedule());
    int size = Math.multiplyExact(imageSize, maximumBatch);
    this.state = new StepState(diffusion, sampler.keeps(), size);
    this.output = new float[size];
    this.scratch = new float[imageSize];
    this.timesteps = new float[maximumBatch];
  }

  /** Steps from pure noise to the end. */
  public int steps() {
    return sampler.steps();
  }

  /**
   * Draws images.
   *
   * @param model the model, for the timesteps of the sampler's schedule
   * @param seed seed of the run
   * @param firstIndex sample index of the first image; the others follow
   * @param batch number of images, 1..maximum batch
   * @param x receives the images, (batch, height, width, channels), in data range up to what the
   *     model overshoots
   * @param listener is called after every step
   * @throws CancellationException if the listener said so
   */
  public void sample(
      Denoiser model, long seed, long firstIndex, int batch, float[] x, StepListener listener) {
    checkBatch(batch, x);
    model.drawNoise(seed, firstIndex, INITIAL_NOISE, batch, imageSize, x);
    float deviation = (float) sampler.startDeviation();
    if (deviation != 1) {
      for (int i = 0; i < batch * imageSize; i++) {
        x[i] *= deviation;
      }
    }
    denoise(model, seed, firstIndex, batch, x, sampler.schedule().steps() - 1, listener);
  }

  /**
   * Noises clean images to the level of a step, with the noise of the image's index: the same for
   * all images that are noised as the same index.
   *
   * @param seed seed of the run
   * @param index sample index whose noise is used
   * @param step step of the sampler's schedule
   * @param image number of the image within {@code x}
   * @param x images, of which this one is noised in place
   */
  public void noise(long seed, long index, int step, int image, float[] x) {
    CounterRandom.gaussian(seed, Stream.SAMPLE_NOISE, index, INITIAL_NOISE, state.z, 0, imageSize);
    float signal = (float) sampler.schedule().signal(step);
    float noise = (float) sampler.schedule().noise(step);
    int offset = image * imageSize;
    for (int i = 0; i < imageSize; i++) {
      x[offset + i] = signal * x[offset + i] + noise * state.z[i];
    }
  }

  /**
   * Takes noised images to the end; the first reverse step is the given one.
   *
   * @param model the model
   * @param seed seed of the run
   * @param firstIndex sample index of the first image; the others follow
   * @param batch number of images, 1..maximum batch
   * @param x images at the noise level of {@code firstStep}; receives clean images
   * @param firstStep step of the sampler's schedule, at least its last step
   * @param listener is called after every step
   * @throws CancellationException if the listener said so
   */
  public void denoise(
      Denoiser model,
      long seed,
      long firstIndex,
      int batch,
      float[] x,
      int firstStep,
      StepListener listener) {
    checkBatch(batch, x);
    NoiseSchedule schedule = sampler.schedule();
    if (firstStep < sampler.lastStep() || firstStep >= schedule.steps()) {
      throw DdpmException.user(
          "The reverse process starts at step %d: only %d..%d are allowed.",
          firstStep, sampler.lastStep(), schedule.steps() - 1);
    }
    int length = batch * imageSize;
    int total = firstStep - sampler.lastStep() + 1;
    state.x = x;
    state.begin();
    for (int step = firstStep; step >= sampler.lastStep(); step--) {
      int timestep = schedule.timestep(step);
      predict(model, x, step, batch);
      if (sampler.needsNoise(step)) {
        model.drawNoise(seed, firstIndex, timestep, batch, imageSize, state.z);
      }
      sampler.step(step, state, length);
      if (sampler.corrects(step)) {
        predict(model, x, step - 1, batch);
        sampler.correct(step, state, length);
      }
      state.advance(step);
      StepListener.Progress progress =
          new StepListener.Progress(firstStep - step + 1, total, timestep);
      if (!listener.afterStep(progress, x, state.previousX0, length)) {
        throw new CancellationException(
            "sampling was stopped after step " + progress.done() + " of " + total);
      }
    }
  }

  /**
   * Asks the model and splits the images into a clean image and noise. Unless the sampler takes the
   * noise as the model says it, where the clean image is thresholded, the noise is what is then
   * left: together they are the image again, so that a step of no length moves nothing, and many
   * small steps come to where fewer come.
   */
  private void predict(Denoiser model, float[] x, int step, int batch) {
    Arrays.fill(timesteps, 0, batch, (float) sampler.schedule().time(step));
    model.predict(Batch.unconditional(batch, x, timesteps), output);
    int length = batch * imageSize;
    diffusion.predictX0(prediction, x, output, step, state.x0, 0, length);
    boolean thresholded = !thresholding.equals(Thresholding.NONE);
    if (!thresholded || sampler.keepsPredictedNoise()) {
      diffusion.predictEpsilon(prediction, x, output, step, state.epsilon, 0, length);
    }
    if (!thresholded) {
      return;
    }
    for (int image = 0; image < batch; image++) {
      thresholding.apply(state.x0, image * imageSize, imageSize, scratch);
    }
    if (!sampler.keepsPredictedNoise()) {
      diffusion.predictEpsilon(Prediction.X0, x, state.x0, step, state.epsilon, 0, length);
    }
  }

  private void checkBatch(int batch, float[] x) {
    if (batch < 1 || batch > maximumBatch) {
      throw new IllegalArgumentException("batch = " + batch + ": must be in 1.." + maximumBatch);
    }
    if (x.length < batch * imageSize) {
      throw new IllegalArgumentException(
          batch + " images of " + imageSize + " elements do not fit in " + x.length);
    }
  }
}
