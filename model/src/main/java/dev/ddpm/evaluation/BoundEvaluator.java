package dev.ddpm.evaluation;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/**
 * Computes the variational bound of images under a model, one image at a time: the timesteps of an
 * image are its batches, and noise is keyed by image and timestep. So a result depends on the image
 * alone, not on who computes it or what is computed besides. Serves one thread.
 *
 * <p>With all timesteps the transitions are what they are. With fewer, {@link TimestepDraw} takes
 * others for every image, so that the estimate is right in the mean over images.
 */
public final class BoundEvaluator implements AutoCloseable {
  private final VariationalBound bound;
  private final GaussianDiffusion diffusion;
  private final Prediction prediction;
  private final Denoiser model;
  private final long seed;
  private final TimestepDraw draw;
  private final int batch;
  private final float[] x0;
  private final float[] xt;
  private final float[] output;
  private final float[] epsilon;
  private final float[] timesteps;
  private final int[] classes;
  private final Batch noised;
  private final Batch noisedOfClass;

  /**
   * Has buffers for one batch of timesteps, and serves one thread.
   *
   * @param schedule of the model; images are in [−1, 1]
   * @param variance of the reverse process
   * @param prediction what the model puts out
   * @param model the model, which is closed with this
   * @param imageSize values of an image
   * @param drawn transitions that are computed per image, 1..steps−1
   * @param largestBatch timesteps that are computed together, at the most
   * @param seed of the noise
   * @throws DdpmException (user) if there are not as many transitions
   */
  public BoundEvaluator(
      NoiseSchedule schedule,
      Variance variance,
      Prediction prediction,
      Denoiser model,
      int imageSize,
      int drawn,
      int largestBatch,
      long seed) {
    this.bound = new VariationalBound(schedule, variance);
    this.diffusion = new GaussianDiffusion(schedule);
    this.prediction = prediction;
    this.model = model;
    this.seed = seed;
    this.draw = new TimestepDraw(schedule.steps() - 1, drawn);
    // As many batches as there must be, of one size: every size has buffers of its own in a model.
    int batches = (drawn + largestBatch) / largestBatch;
    batch = (drawn + batches) / batches;
    x0 = new float[batch * imageSize];
    xt = new float[batch * imageSize];
    output = new float[batch * imageSize];
    epsilon = new float[batch * imageSize];
    timesteps = new float[batch];
    classes = new int[batch];
    noised = Batch.unconditional(batch, xt, timesteps);
    noisedOfClass = new Batch(batch, xt, timesteps, classes);
  }

  /**
   * The bound of an image.
   *
   * @param id of the image, which keys its noise
   * @param levels unsigned bytes, (height, width, channels)
   * @param imageClass what the model is told that the image is; empty for a model that knows no
   *     classes
   * @param computed told after every batch how many timesteps it had
   * @throws DdpmException (data) if the model's output is not finite
   */
  public ImageBound evaluate(long id, byte[] levels, OptionalInt imageClass, IntConsumer computed) {
    int size = levels.length;
    imageClass.ifPresent(known -> Arrays.fill(classes, known));
    Batch in = imageClass.isPresent() ? noisedOfClass : noised;
    for (int i = 0; i < batch; i++) {
      DataRange.MINUS_ONE_TO_ONE.fromBytes(levels, 0, x0, i * size, size);
    }
    int[] steps = steps(id);
    double decoder = 0;
    double transitions = 0;
    for (int from = 0; from < steps.length; from += batch) {
      int count = Math.min(batch, steps.length - from);
      predictX0(in, id, steps, from, count, size);
      for (int i = 0; i < count; i++) {
        double term = bound.term(steps[from + i], x0, output, i * size, size);
        if (!Double.isFinite(term)) {
          throw DdpmException.data(
              "The model's output for image %d at timestep %d is not finite.", id, steps[from + i]);
        }
        if (steps[from + i] == 0) {
          decoder = term;
        } else {
          transitions += draw.weight(steps[from + i]) * term;
        }
      }
      computed.accept(count);
    }
    return new ImageBound(id, decoder, transitions, bound.prior(x0, 0, size));
  }

  /** Step 0, and those that are drawn. */
  private int[] steps(long id) {
    int[] drawn = draw.at(CounterRandom.uniform(seed, Stream.EVALUATION_TIMESTEP, id, 0));
    int[] steps = new int[1 + drawn.length];
    System.arraycopy(drawn, 0, steps, 1, drawn.length);
    return steps;
  }

  /** Noises the image to some steps, and leaves in {@code output} what the model takes it for. */
  private void predictX0(Batch in, long id, int[] steps, int from, int count, int size) {
    for (int i = 0; i < count; i++) {
      int t = steps[from + i];
      CounterRandom.gaussian(seed, Stream.EVALUATION_NOISE, id, t, epsilon, i * size, size);
      diffusion.qSample(x0, epsilon, t, xt, i * size, size);
      timesteps[i] = diffusion.schedule().timestep(t);
    }
    // A last batch that is not full computes old images too, which are not looked at.
    model.predict(in, output);
    for (int i = 0; i < count; i++) {
      diffusion.predictX0(prediction, xt, output, steps[from + i], output, i * size, size);
    }
  }

  /** Closes the model. */
  @Override
  public void close() {
    model.close();
  }
}
