package dev.ddpm.spark.compare;

import com.sun.management.OperatingSystemMXBean;
import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.spark.cluster.MemoryBudget;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.GuidedModel;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Measures the sampler loop in this process, with one model and without Spark's scheduling: what
 * each sampler costs and how far it ends from its own result with all timesteps, from the same x_T;
 * and how many images denoised together are fastest. Beside the time that passes stands the time
 * that the process computes, which is the same on a machine that has other work.
 */
public final class SamplerComparison {
  /** Numbers of timesteps that are compared unless told otherwise, beside all. */
  private static final List<Integer> STEPS = List.of(10, 20, 50, 100);

  private static final List<Integer> MICRO_BATCHES = List.of(1, 2, 4, 8, 16, 32, 64);
  private static final int TIMED_STEPS = 12;
  private static final int TIMED_DRAWS = 3;
  private static final int WARM_UP = 32;
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final JavaSparkContext spark;
  private final GuidedModel stored;
  private final SamplingConfig sampling;
  private final Precision precision;
  private final PrintWriter out;
  private Optional<ImageJudge> judge = Optional.empty();
  private List<SamplerChoice> compared = List.of(SamplerChoice.values());
  private List<Integer> stepsCompared;
  private Denoiser model;
  private int most;

  /**
   * Reads the model, and builds and measures nothing yet.
   *
   * @param spark the application in whose driver is measured; its executors are left alone
   * @param path a model folder
   * @param sampling settings that are not compared
   * @param precision what the network computes in
   * @param out receives tables in Markdown
   */
  public SamplerComparison(
      JavaSparkContext spark,
      String path,
      SamplingConfig sampling,
      Precision precision,
      PrintWriter out) {
    this.spark = spark;
    this.stored = GuidedModel.read(path, sampling, spark.hadoopConfiguration());
    this.sampling = sampling;
    this.precision = precision;
    this.out = out;
    this.stepsCompared = new ArrayList<>(STEPS);
    stepsCompared.removeIf(steps -> steps >= timesteps());
    stepsCompared.add(timesteps());
  }

  /**
   * Compares only some samplers, instead of all.
   *
   * @param samplers at least one
   */
  public void only(Set<SamplerChoice> samplers) {
    compared = Arrays.stream(SamplerChoice.values()).filter(samplers::contains).toList();
  }

  /**
   * Compares other numbers of timesteps than 10, 20, 50, 100 and all.
   *
   * @param steps at least one
   * @throws DdpmException (user) if the model has fewer timesteps than one of them
   */
  public void withSteps(Set<Integer> steps) {
    stepsCompared = steps.stream().sorted().toList();
    int most = stepsCompared.get(stepsCompared.size() - 1);
    if (most > timesteps()) {
      throw DdpmException.user(
          "--steps = %d: must be at most %d, the timesteps of the model.", most, timesteps());
    }
  }

  /**
   * Lets the images of each sampler also be compared with those of a table.
   *
   * @param table path of an image table, of images as the model makes them
   * @param extractor what is computed of each image
   * @param count how many images are drawn for each comparison
   * @throws DdpmException (user) if the table has other images, or less than twice as many
   */
  public void judgeBy(SparkSession session, String table, ExtractorSpec extractor, int count) {
    judge = Optional.of(ImageJudge.of(stored.table(session, table), table, extractor, count));
  }

  /**
   * Measures everything.
   *
   * @param images how many are denoised together where samplers are compared
   * @throws DdpmException before anything is measured: (user) if they are too many for an array or
   *     a sampler has not the settings' timesteps to visit; (environment) if the driver has not the
   *     memory
   */
  public void run(int images) {
    requireMemory(images);
    requireSamplers(images);
    microBatches();
    out.println();
    samplers(images);
  }

  /** Measures images/s by micro-batch, for as many steps as are configured. */
  void microBatches() {
    out.println("| micro-batch | ms per image and step | CPU ms per image and step | images/s |");
    out.println("|---|---|---|---|");
    int steps = plan(sampling).stepsTaken();
    int timed = Math.min(TIMED_STEPS, timesteps());
    // Once for the compiler: the smallest sizes would be measured too slow.
    draw(sampling.with(sampling.sampler(), timed, WARM_UP), WARM_UP);
    for (int size : MICRO_BATCHES) {
      Drawn drawn = fastest(sampling.with(sampling.sampler(), timed, size), size);
      double imageSteps = (double) size * timed;
      out.printf(
          Locale.ROOT,
          "| %d | %.2f | %.2f | %.2f |%n",
          size,
          1e3 * drawn.seconds() / imageSteps,
          1e3 * drawn.cpuSeconds() / imageSteps,
          imageSteps / drawn.seconds() / steps);
    }
  }

  /** Of several draws the cheapest: the first ones allocate and are compiled. */
  private Drawn fastest(SamplingConfig settings, int images) {
    return IntStream.range(0, TIMED_DRAWS)
        .mapToObj(i -> draw(settings, images))
        .min(Comparator.comparingDouble(Drawn::cpuSeconds))
        .orElseThrow();
  }

  /**
   * Compares samplers at some numbers of steps.
   *
   * @param images how many, denoised together
   */
  void samplers(int images) {
    out.println(
        "| sampler | steps | calls | s per image | CPU s per image | distance to all steps |"
            + " distance to DDIM with all |"
            + judge.map(any -> " Fréchet distance to the data |").orElse(""));
    out.println("|---|---|---|---|---|---|---|" + judge.map(any -> "---|").orElse(""));
    Drawn ddim = complete(SamplerChoice.DDIM, images);
    for (SamplerChoice sampler : compared) {
      Drawn complete = sampler == SamplerChoice.DDIM ? ddim : complete(sampler, images);
      for (int steps : stepsCompared) {
        Drawn drawn =
            steps < timesteps() ? draw(sampling.with(sampler, steps, images), images) : complete;
        print(sampler, steps, drawn, complete.x(), ddim.x());
      }
    }
    judge.ifPresent(
        by ->
            out.printf(
                Locale.ROOT,
                "%nThe Fréchet distance of %,d images each, ± its standard error from these; that"
                    + " of as many real images to the other real ones is %.2f.%n",
                by.images(),
                by.realAgainstReal()));
  }

  private Drawn complete(SamplerChoice sampler, int images) {
    return draw(sampling.with(sampler, 0, images), images);
  }

  private void requireSamplers(int images) {
    for (SamplerChoice sampler : compared) {
      stepsCompared.stream()
          .filter(steps -> steps < timesteps())
          .forEach(steps -> plan(sampling.with(sampler, steps, images)));
    }
  }

  private void requireMemory(int images) {
    stored.description().architecture().imageShape().requireTogether(images, "--images");
    int fewest = Collections.max(MICRO_BATCHES);
    MemoryNeeds task = stored.memory(Math.max(images, fewest), "--images");
    MemoryBudget.checkDriver(
        spark,
        task.driverHeap() + task.taskHeap(),
        task.taskNative(),
        images > fewest ? Optional.of("--images") : Optional.empty());
  }

  private void print(
      SamplerChoice sampler, int steps, Drawn drawn, float[] withAllSteps, float[] ddim) {
    int images = drawn.x().length / stored.description().architecture().imageShape().size();
    out.printf(
        Locale.ROOT,
        "| %s | %d | %d | %.2f | %.2f | %.1f | %.1f |%s%n",
        sampler.describe(sampling.with(sampler, steps, images)),
        steps,
        drawn.calls(),
        drawn.seconds() / images,
        drawn.cpuSeconds() / images,
        distance(drawn.x(), withAllSteps),
        distance(drawn.x(), ddim),
        judge.map(by -> " %s |".formatted(frechet(by, sampler, steps, images))).orElse(""));
    out.flush();
  }

  /** Draws as many images as are judged, together as many as elsewhere. */
  private String frechet(ImageJudge by, SamplerChoice sampler, int steps, int together) {
    SamplingPlan plan = plan(sampling.with(sampler, steps == timesteps() ? 0 : steps, together));
    ReverseProcess process = plan.process();
    float[] x = new float[together * plan.imageSize()];
    List<byte[]> drawn = new ArrayList<>();
    for (long start = 0; drawn.size() < by.images(); start += together) {
      process.sample(
          of(plan, start, model), sampling.seed(), start, together, x, StepListener.NONE);
      for (int i = 0; i < together && drawn.size() < by.images(); i++) {
        drawn.add(plan.image(x, i).pixels());
      }
    }
    ImageJudge.Judged judged = by.judge(drawn);
    String error =
        judged.standardError().isEmpty()
            ? ""
            : String.format(Locale.ROOT, " ± %.2f", judged.standardError().getAsDouble());
    return String.format(Locale.ROOT, "%.2f", judged.distance()) + error;
  }

  private int timesteps() {
    return stored.description().schedule().steps();
  }

  private SamplingPlan plan(SamplingConfig settings) {
    return new SamplingPlan(stored.description(), settings, precision);
  }

  // Passed on, never compared.
  @SuppressWarnings("ArrayRecordComponent")
  private record Drawn(float[] x, int calls, double seconds, double cpuSeconds) {}

  private Drawn draw(SamplingConfig settings, int images) {
    SamplingPlan plan = plan(settings);
    ReverseProcess process = plan.process();
    float[] x = start(images, plan.imageSize());
    if (images > most) {
      most = Math.max(images, Collections.max(MICRO_BATCHES));
      model = stored.network(precision, most).create();
    }
    long start = System.nanoTime();
    long cpuStart = SYSTEM.getProcessCpuTime();
    int[] calls = new int[1];
    Denoiser counted =
        (in, output) -> {
          calls[0]++;
          model.predict(in, output);
        };
    int first = plan.sampler().schedule().steps() - 1;
    process.denoise(of(plan, 0, counted), sampling.seed(), 0, images, x, first, StepListener.NONE);
    long cpuEnd = SYSTEM.getProcessCpuTime();
    return new Drawn(x, calls[0], (System.nanoTime() - start) / 1e9, (cpuEnd - cpuStart) / 1e9);
  }

  /** A model that is asked about images of the classes in turns, if it knows any. */
  private static Denoiser of(SamplingPlan plan, long first, Denoiser model) {
    return plan.classes().exist()
        ? model.conditionedOn(plan.classes().of(first, plan.microBatch()))
        : model;
  }

  /**
   * x_T, the same for all samplers: without the deviation that some of them have it by, which is
   * not 1 where a model's last timestep leaves much of an image.
   */
  private float[] start(int images, int imageSize) {
    float[] x = new float[images * imageSize];
    for (int i = 0; i < images; i++) {
      CounterRandom.gaussian(
          sampling.seed(),
          Stream.SAMPLE_NOISE,
          i,
          ReverseProcess.INITIAL_NOISE,
          x,
          i * imageSize,
          imageSize);
    }
    return x;
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
