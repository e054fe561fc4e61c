package dev.ddpm.spark.sample;

import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.sampling.Trajectory;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * A model and its buffers, drawing one micro-batch at a time. Serves one thread. The model is
 * closed with it.
 */
final class Generator implements AutoCloseable {
  private final SamplingPlan plan;
  private final Denoiser model;
  private final ReverseProcess process;
  private final float[] x;
  private long samplerNanos;

  Generator(SamplingPlan plan, Denoiser model) {
    this.plan = plan;
    this.model = model;
    this.process = plan.process();
    this.x = new float[plan.microBatch() * plan.imageSize()];
  }

  @Override
  public void close() {
    model.close();
  }

  /** Takes what was drawn. */
  @FunctionalInterface
  interface SampleConsumer {
    /** Takes an image; indices rise. */
    void accept(Sample sample) throws IOException;
  }

  /**
   * Draws the images of a range. Micro-batches that reach beyond it are computed as a whole, so
   * that the images do not depend on the range.
   *
   * @param imagesStepped told after every step how many images of the range have taken it
   * @param consumer takes the images, micro-batch by micro-batch
   */
  void draw(IndexRange range, IntConsumer imagesStepped, SampleConsumer consumer)
      throws IOException {
    samplerNanos = 0;
    int size = plan.microBatch();
    for (long start = range.first() / size * size; start < range.end(); start += size) {
      int from = (int) Math.max(range.first() - start, 0);
      int to = (int) Math.min(range.end() - start, size);
      Optional<Trajectory> trajectory = step(start, to - from, imagesStepped);
      for (int i = from; i < to; i++) {
        consumer.accept(sample(start + i, i, trajectory));
      }
    }
  }

  private Optional<Trajectory> step(long start, int wanted, IntConsumer imagesStepped) {
    int frames = plan.sampling().trajectory();
    Optional<Trajectory> trajectory =
        frames == 0 ? Optional.empty() : Optional.of(new Trajectory(frames));
    StepListener frameKeeper = trajectory.isPresent() ? trajectory.get() : StepListener.NONE;
    StepListener listener =
        (progress, xt, x0, length) -> {
          imagesStepped.accept(wanted);
          return frameKeeper.afterStep(progress, xt, x0, length);
        };
    Denoiser asked =
        plan.classes().exist()
            ? model.conditionedOn(plan.classes().of(start, plan.microBatch()))
            : model;
    long begin = System.nanoTime();
    process.sample(asked, plan.sampling().seed(), start, plan.microBatch(), x, listener);
    samplerNanos += System.nanoTime() - begin;
    return trajectory;
  }

  /** Seconds that the last {@link #draw} has so far spent in the sampler loop. */
  double samplerSeconds() {
    return samplerNanos / 1e9;
  }

  private Sample sample(long index, int position, Optional<Trajectory> trajectory) {
    int from = position * plan.imageSize();
    Optional<WireFloats> x0 =
        plan.sampling().keepX0()
            ? Optional.of(new WireFloats(Arrays.copyOfRange(x, from, from + plan.imageSize())))
            : Optional.empty();
    List<Sample.Frame> frames = new ArrayList<>();
    if (trajectory.isPresent()) {
      List<Integer> timesteps = trajectory.get().timesteps();
      List<float[]> predictions = trajectory.get().images();
      for (int i = 0; i < timesteps.size(); i++) {
        frames.add(new Sample.Frame(timesteps.get(i), plan.image(predictions.get(i), position)));
      }
    }
    return new Sample(index, plan.image(x, position), x0, frames);
  }
}
