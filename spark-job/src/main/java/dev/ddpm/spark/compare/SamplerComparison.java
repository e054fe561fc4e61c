package dev.ddpm.spark.compare;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.spark.cluster.MemoryBudget;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.stored.DrawnClasses;
import dev.ddpm.spark.stored.GuidedModel;
import dev.ddpm.spark.stored.TableClasses;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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

  private final JavaSparkContext spark;
  private final Request request;
  private final PrintWriter out;
  private final GuidedModel stored;
  private final Optional<ImageTableReader> data;
  private final List<Integer> steps;
  private final List<Contestant> contestants;
  private final SamplerLoop loop;

  /**
   * What is to be measured.
   *
   * @param model path of a model folder
   * @param sampling settings that are not compared
   * @param backend what the network computes with
   * @param images how many are denoised together where samplers are compared
   * @param samplers which are compared; all if there is none
   * @param steps with which numbers of timesteps; 10, 20, 50, 100 and all if there is none
   * @param etas with which shares of noise DDIM is; that of the settings if there is none
   * @param judging what their images are compared with, if with anything
   * @param output path of a folder that keeps what was measured: new, empty, or of a comparison to
   *     go on with
   */
  public record Request(
      String model,
      SamplingConfig sampling,
      BackendChoice backend,
      int images,
      Set<SamplerChoice> samplers,
      Set<Integer> steps,
      Set<Double> etas,
      Optional<Judging> judging,
      Optional<String> output) {
    /**
     * Freezes the sets.
     *
     * @throws DdpmException (user) if there are shares of noise, but no DDIM
     */
    public Request {
      samplers = Set.copyOf(samplers);
      steps = Set.copyOf(steps);
      etas = Set.copyOf(etas);
      if (!etas.isEmpty() && !samplers.isEmpty() && !samplers.contains(SamplerChoice.DDIM)) {
        throw DdpmException.user("--etas: is for ddim, which --samplers does not name.");
      }
    }
  }

  /**
   * With what the images of each sampler are compared.
   *
   * @param table path of an image table, of images as the model makes them
   * @param extractor what is computed of each image
   * @param count how many images are drawn for each comparison, at least 2
   */
  public record Judging(String table, ExtractorSpec extractor, int count) {}

  /**
   * Reads the model, and builds and measures nothing yet.
   *
   * @param session the application in whose driver is measured; its executors compute the features
   *     of a table, and are left alone otherwise
   * @param out receives tables in Markdown
   * @throws DdpmException (user) if the model has fewer timesteps than one of the numbers, knows
   *     not the classes, or makes other images than those of the table
   */
  public SamplerComparison(SparkSession session, Request request, PrintWriter out) {
    this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.request = request;
    this.out = out;
    SamplingConfig sampling = request.sampling();
    this.stored = GuidedModel.read(request.model(), sampling, spark.hadoopConfiguration());
    this.steps = steps(request.steps());
    this.contestants = Contestant.of(request.samplers(), request.etas(), sampling.eta());
    this.data = request.judging().map(by -> stored.table(session, by.table()));
    DrawnClasses classes =
        TableClasses.drawn(session, stored.description().classes(), sampling.classes());
    this.loop = new SamplerLoop(stored, classes, request.backend(), Collections.max(MICRO_BATCHES));
  }

  private List<Integer> steps(Set<Integer> wanted) {
    List<Integer> compared = new ArrayList<>(wanted);
    if (wanted.isEmpty()) {
      compared.addAll(STEPS);
      compared.removeIf(number -> number >= timesteps());
      compared.add(timesteps());
    }
    Collections.sort(compared);
    int most = compared.get(compared.size() - 1);
    if (most > timesteps()) {
      throw DdpmException.user(
          "--steps = %d: must be at most %d, the timesteps of the model.", most, timesteps());
    }
    return compared;
  }

  /**
   * Measures everything that was not measured before.
   *
   * @throws DdpmException before anything is measured: (user) if the images are too many for an
   *     array, a sampler has not the settings' timesteps to visit, the table has less than twice
   *     the images that are compared with it, or the output folder holds something else;
   *     (environment) if the driver has not the memory, or another comparison writes into that
   *     folder
   */
  public void run() {
    requireMemory();
    requireSamplers();
    if (request.output().isEmpty()) {
      compare(Optional.empty());
      return;
    }
    try (ComparisonFolder kept =
        ComparisonFolder.open(request.output().get(), identity(), spark.hadoopConfiguration())) {
      compare(Optional.of(kept));
    }
  }

  private void compare(Optional<ComparisonFolder> kept) {
    Optional<ImageJudge> judge = judge();
    try {
      microBatches();
      out.println();
      samplers(kept, judge);
    } finally {
      loop.close();
    }
  }

  private Optional<ImageJudge> judge() {
    return request
        .judging()
        .map(
            by -> ImageJudge.of(spark, data.orElseThrow(), by.table(), by.extractor(), by.count()));
  }

  /** What decides the rows beside their samplers and steps. */
  private Map<String, String> identity() {
    SamplingConfig reference = request.sampling().with(SamplerChoice.DDIM, 0, request.images());
    Map<String, String> identity = new TreeMap<>(stored.identity(loop.plan(reference)));
    for (SamplerChoice sampler : SamplerChoice.values()) {
      sampler
          .settings(request.sampling())
          .forEach((key, value) -> identity.put("sampling." + key, value));
    }
    List.of("sampler", "steps", "keep-x0", "trajectory", "micro-batch")
        .forEach(key -> identity.remove("sampling." + key));
    identity.put("--images", Integer.toString(request.images()));
    request
        .judging()
        .ifPresent(
            by -> {
              identity.put("--count", Integer.toString(by.count()));
              identity.put("data_fingerprint", data.orElseThrow().fingerprint());
              by.extractor().settings().forEach((k, v) -> identity.put("extractor." + k, v));
            });
    return identity;
  }

  /** Measures images/s by micro-batch, for as many steps as are configured. */
  void microBatches() {
    out.println("| micro-batch | ms per image and step | CPU ms per image and step | images/s |");
    out.println("|---|---|---|---|");
    SamplingConfig sampling = request.sampling();
    int taken = loop.plan(sampling).stepsTaken();
    int timed = Math.min(TIMED_STEPS, timesteps());
    // Once for the compiler: the smallest sizes would be measured too slow.
    loop.first(sampling.with(sampling.sampler(), timed, WARM_UP), WARM_UP);
    for (int size : MICRO_BATCHES) {
      SamplerLoop.Drawn drawn = fastest(sampling.with(sampling.sampler(), timed, size), size);
      double imageSteps = (double) size * timed;
      out.printf(
          Locale.ROOT,
          "| %d | %.2f | %.2f | %.2f |%n",
          size,
          1e3 * drawn.seconds() / imageSteps,
          1e3 * drawn.cpuSeconds() / imageSteps,
          imageSteps / drawn.seconds() / taken);
    }
    out.flush();
  }

  /** Of several draws the cheapest: the first ones allocate and are compiled. */
  private SamplerLoop.Drawn fastest(SamplingConfig settings, int images) {
    return IntStream.range(0, TIMED_DRAWS)
        .mapToObj(i -> loop.first(settings, images))
        .min(Comparator.comparingDouble(SamplerLoop.Drawn::cpuSeconds))
        .orElseThrow();
  }

  /**
   * Compares samplers at some numbers of steps.
   *
   * @param kept what was measured before, and keeps what is measured now
   * @param judge tells how near images are to the data
   */
  private void samplers(Optional<ComparisonFolder> kept, Optional<ImageJudge> judge) {
    out.println(ComparisonRow.head(judge.isPresent()));
    Map<Contestant, SamplerLoop.Drawn> complete = new HashMap<>();
    List<ComparisonRow> rows = new ArrayList<>();
    for (Contestant contestant : contestants) {
      for (int number : steps) {
        String name = contestant.name(request.sampling());
        Optional<ComparisonRow> before = kept.flatMap(folder -> folder.find(name, number));
        ComparisonRow row = before.orElseGet(() -> measure(contestant, number, complete, judge));
        if (before.isEmpty()) {
          kept.ifPresent(folder -> folder.add(row));
        }
        rows.add(row);
        out.println(row.line());
        out.flush();
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
    ComparisonRow.recommendation(rows).ifPresent(out::println);
  }

  /** The rows alone, without what {@link #run} checks before. */
  void samplers() {
    samplers(Optional.empty(), judge());
  }

  /**
   * Measures a sampler.
   *
   * @param complete images with all timesteps, of those of which they were drawn by now
   */
  private ComparisonRow measure(
      Contestant contestant,
      int number,
      Map<Contestant, SamplerLoop.Drawn> complete,
      Optional<ImageJudge> judge) {
    int images = request.images();
    SamplingConfig sampling = request.sampling();
    SamplerLoop.Drawn ddim = complete(new Contestant(SamplerChoice.DDIM, sampling.eta()), complete);
    SamplerLoop.Drawn all = complete(contestant, complete);
    SamplingConfig settings =
        contestant.settings(sampling, number == timesteps() ? 0 : number, images);
    SamplerLoop.Drawn drawn = number == timesteps() ? all : loop.first(settings, images);
    List<Double> frechet = new ArrayList<>();
    judge.ifPresent(
        by -> {
          ImageJudge.Judged judged = by.judge(loop.images(settings, by.images()));
          frechet.add(judged.distance());
          judged.standardError().ifPresent(frechet::add);
        });
    return new ComparisonRow(
        contestant.name(sampling),
        number,
        drawn.calls(),
        drawn.seconds() / images,
        drawn.cpuSeconds() / images,
        distance(drawn.x(), all.x()),
        distance(drawn.x(), ddim.x()),
        frechet);
  }

  private SamplerLoop.Drawn complete(
      Contestant contestant, Map<Contestant, SamplerLoop.Drawn> complete) {
    return complete.computeIfAbsent(
        contestant,
        of -> loop.first(of.settings(request.sampling(), 0, request.images()), request.images()));
  }

  private void requireSamplers() {
    for (Contestant contestant : contestants) {
      steps.stream()
          .filter(number -> number < timesteps())
          .forEach(
              number ->
                  loop.plan(contestant.settings(request.sampling(), number, request.images())));
    }
  }

  private void requireMemory() {
    int images = request.images();
    stored.description().architecture().imageShape().requireTogether(images, "--images");
    int fewest = Collections.max(MICRO_BATCHES);
    MemoryNeeds task = stored.memory(Math.max(images, fewest), "--images");
    MemoryBudget.checkDriver(
        spark,
        request.backend(),
        task.driverHeap() + task.taskHeap(),
        task.taskNative(),
        task.engines(),
        images > fewest ? Optional.of("--images") : Optional.empty());
  }

  private int timesteps() {
    return stored.description().schedule().steps();
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
