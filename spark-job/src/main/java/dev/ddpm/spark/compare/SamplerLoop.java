package dev.ddpm.spark.compare;

import com.sun.management.OperatingSystemMXBean;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.DrawnClasses;
import dev.ddpm.spark.stored.GuidedModel;
import dev.ddpm.spark.stored.SamplingPlan;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** The sampler loop in this process, with a model that is built once. Serves one thread. */
final class SamplerLoop implements AutoCloseable {
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final GuidedModel stored;
  private final DrawnClasses classes;
  private final BackendChoice backend;
  private final int fewest;
  private Denoiser model;
  private int most;

  /**
   * Builds nothing yet.
   *
   * @param classes of the images
   * @param fewest images for which the model has room, however few are drawn
   */
  SamplerLoop(GuidedModel stored, DrawnClasses classes, BackendChoice backend, int fewest) {
    this.stored = stored;
    this.classes = classes;
    this.backend = backend;
    this.fewest = fewest;
  }

  /**
   * What was drawn together.
   *
   * @param x the images, in the model's data range
   * @param calls of the model
   */
  // Passed on, never compared.
  @SuppressWarnings("ArrayRecordComponent")
  record Drawn(float[] x, int calls, double seconds, double cpuSeconds) {}

  /** A model that counts its calls, and draws noise where the model does. */
  private static final class Counted implements Denoiser {
    private final Denoiser model;
    private int calls;

    Counted(Denoiser model) {
      this.model = model;
    }

    @Override
    public void predict(Batch in, float[] out) {
      calls++;
      model.predict(in, out);
    }

    @Override
    public void drawNoise(
        long seed, long firstIndex, int step, int images, int imageSize, float[] out) {
      model.drawNoise(seed, firstIndex, step, images, imageSize, out);
    }
  }

  /** A plan of images of the classes. */
  SamplingPlan plan(SamplingConfig settings) {
    return new SamplingPlan(stored.description(), settings, backend, classes);
  }

  /** Draws the first images, from the x_T that is the same for all samplers. */
  Drawn first(SamplingConfig settings, int images) {
    SamplingPlan plan = plan(settings);
    ReverseProcess process = plan.process();
    float[] x = start(plan, images);
    build(images);
    long start = System.nanoTime();
    long cpuStart = SYSTEM.getProcessCpuTime();
    Counted counted = new Counted(model);
    int first = plan.sampler().schedule().steps() - 1;
    process.denoise(of(plan, 0, counted), settings.seed(), 0, images, x, first, StepListener.NONE);
    long cpuEnd = SYSTEM.getProcessCpuTime();
    return new Drawn(
        x, counted.calls, (System.nanoTime() - start) / 1e9, (cpuEnd - cpuStart) / 1e9);
  }

  /**
   * Draws images as job {@code sample} does.
   *
   * @param count how many, from index 0 on
   * @return their levels
   */
  List<byte[]> images(SamplingConfig settings, int count) {
    SamplingPlan plan = plan(settings);
    int together = plan.microBatch();
    build(together);
    ReverseProcess process = plan.process();
    float[] x = new float[together * plan.imageSize()];
    List<byte[]> drawn = new ArrayList<>();
    for (long start = 0; drawn.size() < count; start += together) {
      process.sample(
          of(plan, start, model), settings.seed(), start, together, x, StepListener.NONE);
      for (int i = 0; i < together && drawn.size() < count; i++) {
        drawn.add(plan.image(x, i).pixels());
      }
    }
    return drawn;
  }

  private void build(int images) {
    if (images > most) {
      close();
      most = Math.max(images, fewest);
      model = stored.network(backend, most).create();
    }
  }

  /** Closes the model; it is built again if it is needed again. */
  @Override
  public void close() {
    if (model != null) {
      model.close();
      model = null;
      most = 0;
    }
  }

  /** A model that is told the classes, if it knows any. */
  private static Denoiser of(SamplingPlan plan, long first, Denoiser model) {
    return plan.classes().exist()
        ? model.conditionedOn(plan.classes().of(first, plan.microBatch()))
        : model;
  }

  /**
   * x_T, the same for all samplers: without the deviation that some of them have it by, which is
   * not 1 where a model's last timestep leaves much of an image.
   */
  private static float[] start(SamplingPlan plan, int images) {
    int imageSize = plan.imageSize();
    float[] x = new float[images * imageSize];
    for (int i = 0; i < images; i++) {
      CounterRandom.gaussian(
          plan.sampling().seed(),
          Stream.SAMPLE_NOISE,
          i,
          ReverseProcess.INITIAL_NOISE,
          x,
          i * imageSize,
          imageSize);
    }
    return x;
  }
}
