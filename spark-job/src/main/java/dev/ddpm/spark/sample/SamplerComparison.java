package dev.ddpm.spark.sample;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.unet.EpsModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * Measures the sampler loop in this process, with one model and without Spark's scheduling: what
 * each sampler costs and how far it ends from its own result with all timesteps, from the same
 * noise; and how many images denoised together are fastest.
 */
public final class SamplerComparison {
  private static final List<Integer> STEPS = List.of(10, 20, 50, 100);
  private static final List<Integer> MICRO_BATCHES = List.of(1, 2, 4, 8, 16, 32, 64);
  private static final int TIMED_STEPS = 12;

  private final StoredModel stored;
  private final EpsModel model;
  private final SamplingConfig sampling;
  private final PrintWriter out;

  /**
   * A comparison.
   *
   * @param path a model folder
   * @param sampling settings that are not compared
   * @param out receives tables in Markdown
   */
  public SamplerComparison(
      String path, SamplingConfig sampling, Configuration configuration, PrintWriter out) {
    this.stored = StoredModel.read(path, sampling.weights(), configuration);
    this.model = EpsModel.create(stored.description().unet(), 0, new NoOp());
    this.sampling = sampling;
    this.out = out;
    model.setParameters(stored.weights());
  }

  /** Measures images/s by micro-batch, for as many steps as are configured. */
  public void microBatches() {
    out.println("| micro-batch | ms per image and step | images/s |");
    out.println("|---|---|---|");
    for (int size : MICRO_BATCHES) {
      var plan =
          new SamplingPlan(
              stored.description(), sampling.with(sampling.sampler(), TIMED_STEPS, size));
      ReverseProcess process = plan.process();
      float[] x = new float[size * plan.imageSize()];
      process.sample(model, 0, 0, size, x, StepListener.NONE);
      double seconds = seconds(process, x, size);
      int steps = new SamplingPlan(stored.description(), sampling).steps();
      out.printf(
          Locale.ROOT,
          "| %d | %.3f | %.2f |%n",
          size,
          1e3 * seconds / size / TIMED_STEPS,
          size * TIMED_STEPS / seconds / steps);
    }
  }

  /**
   * Compares all samplers.
   *
   * @param images how many, denoised together
   */
  public void samplers(int images) {
    out.println(
        "| sampler | steps | images/s | distance to all steps | distance to DDIM with all |");
    out.println("|---|---|---|---|---|");
    Map<SamplerChoice, float[]> complete = new HashMap<>();
    ModelDescription description = stored.description();
    List<Integer> all = new ArrayList<>(STEPS);
    all.add(description.schedule().steps());
    float[] exact = draw(sampling.with(SamplerChoice.DDIM, 0, images), images).x();
    for (SamplerChoice sampler : SamplerChoice.values()) {
      complete.put(
          sampler,
          sampler == SamplerChoice.DDIM
              ? exact
              : draw(sampling.with(sampler, 0, images), images).x());
      for (int steps : all) {
        Drawn drawn = draw(sampling.with(sampler, steps, images), images);
        out.printf(
            Locale.ROOT,
            "| %s | %d | %.2f | %.2f | %.2f |%n",
            sampler,
            steps,
            images / drawn.seconds(),
            distance(drawn.x(), complete.get(sampler)),
            distance(drawn.x(), exact));
      }
    }
  }

  // Passed on, never compared.
  @SuppressWarnings("ArrayRecordComponent")
  private record Drawn(float[] x, double seconds) {}

  private Drawn draw(SamplingConfig settings, int images) {
    var plan = new SamplingPlan(stored.description(), settings);
    float[] x = new float[images * plan.imageSize()];
    double seconds = seconds(plan.process(), x, images);
    return new Drawn(x, seconds);
  }

  private double seconds(ReverseProcess process, float[] x, int images) {
    long start = System.nanoTime();
    process.sample(model, sampling.seed(), 0, images, x, StepListener.NONE);
    return (System.nanoTime() - start) / 1e9;
  }

  /** Root of the mean squared difference, in levels of 0..255. */
  private double distance(float[] x, float[] other) {
    byte[] levels = levels(x);
    byte[] otherLevels = levels(other);
    double sum = 0;
    for (int i = 0; i < levels.length; i++) {
      double difference = (levels[i] & 0xff) - (otherLevels[i] & 0xff);
      sum += difference * difference;
    }
    return Math.sqrt(sum / levels.length);
  }

  private byte[] levels(float[] x) {
    byte[] levels = new byte[x.length];
    stored.description().dataRange().toBytes(x, 0, levels, 0, x.length);
    return levels;
  }
}
