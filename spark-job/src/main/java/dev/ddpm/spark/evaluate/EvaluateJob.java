package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.io.ParquetStream;
import dev.ddpm.spark.stored.StoredModel;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Computes metrics of a model or of its images over the cluster, and writes a table for each and
 * one summary of all.
 */
public final class EvaluateJob {
  static final String SUMMARY = "evaluation.json";

  private static final String PAGE = "report.html";

  /** The folder of the output in which features are kept unless told otherwise. */
  private static final String FEATURES = "features";

  /** The folder of the output in which samples are drawn if they have no other. */
  public static final String SAMPLES = "samples";

  /** Of the summary: version 0.1 wrote no number and no digest. */
  static final StoredFormat FORMAT = StoredFormat.firstUnnumbered(first -> {}).withDigestSince(2);

  private final SparkSession spark;
  private final Configuration configuration;
  private final PrintWriter out;

  /**
   * Touches nothing before {@link #run}.
   *
   * @param out receives lines of progress
   */
  public EvaluateJob(SparkSession spark, PrintWriter out) {
    this.spark = spark;
    this.configuration = spark.sparkContext().hadoopConfiguration();
    this.out = out;
  }

  /**
   * What is to be computed.
   *
   * @param model path of a model folder, for the metrics that are of a model
   * @param table path of an image table, of images as the model makes them
   * @param output path of the output folder: new, empty, or with nothing but features and samples
   * @param metrics what is measured; at least one
   * @param images how many, from id 0 on; all of the table if absent
   * @param timesteps transitions per image; 50, or all of the model, if absent
   * @param sampling weights, variance, micro-batch and seed
   * @param backend what the network computes with
   * @param comparison what the images of the table are compared with, for the metrics that compare
   * @param unconditional whether a model that knows classes is told that images are of none,
   *     whatever their labels
   */
  public record Request(
      Optional<String> model,
      String table,
      String output,
      Set<MetricChoice> metrics,
      OptionalLong images,
      OptionalInt timesteps,
      SamplingConfig sampling,
      BackendChoice backend,
      Optional<Comparison> comparison,
      boolean unconditional) {

    /** Freezes the metrics. */
    public Request {
      metrics = Set.copyOf(metrics);
    }
  }

  /** Images that may have to be drawn first. */
  @FunctionalInterface
  public interface Samples {
    /**
     * Makes sure that they are there; called when everything that can be checked before was.
     *
     * @return path of a folder of samples or of an image table
     */
    String folder();

    /** Whether they are drawn from the model of the request. */
    default boolean areDrawn() {
      return false;
    }
  }

  /**
   * With what the images of the table are compared, and by what.
   *
   * @param samples the other images
   * @param count how many of them, from index 0 on; all if absent
   * @param extractor what is computed of each image
   * @param cache folder in which features are kept; a folder of the output if absent
   * @param heldOut path of an image table on which the model was not trained, for the metrics that
   *     need one
   * @param earlier output folder of an earlier evaluation, with whose figures those are compared
   */
  public record Comparison(
      Samples samples,
      OptionalLong count,
      ExtractorSpec extractor,
      Optional<String> cache,
      Optional<String> heldOut,
      Optional<String> earlier) {}

  /**
   * What was computed.
   *
   * @param lines the results for people, one per metric
   * @param tables paths of the tables, at least one per metric
   * @param file path of the JSON file with the summary
   * @param page path of the page with pictures, if images were compared
   * @param summary content of the JSON file: figures and settings by name
   */
  public record Result(
      List<String> lines,
      List<String> tables,
      String file,
      Optional<String> page,
      Map<String, Object> summary) {}

  /**
   * Computes the metrics.
   *
   * @throws DdpmException for a model, table, number or output folder that cannot be used, before
   *     anything is computed; (user) if another job has written into the folder by the end
   */
  public Result run(Request request) {
    Optional<StoredModel> model =
        request
            .model()
            .map(path -> StoredModel.read(path, request.sampling().weights(), configuration));
    Map<MetricChoice, Metric> metrics = new TreeMap<>();
    request.metrics().forEach(choice -> metrics.put(choice, choice.create()));
    metrics.values().forEach(m -> m.check(request, model.map(StoredModel::description)));
    NamedFolder output =
        NamedFolder.of("--output", request.output(), configuration)
            .requireEmptyBut(Set.of(FEATURES, SAMPLES));
    HadoopFileStore store = output.store();
    ImageTableReader reader =
        model.isPresent()
            ? model.get().table(spark, request.table())
            : ImageTableReader.open(spark, request.table());
    long images = request.images().orElse(reader.images());
    requireBetween("--images", images, reader.images(), "those of the table");
    Optional<Comparison> comparison =
        request
            .comparison()
            .filter(any -> metrics.values().stream().anyMatch(Metric::comparesSets));
    Optional<EarlierResult> earlier =
        comparison
            .flatMap(Comparison::earlier)
            .map(path -> EarlierResult.read(path, configuration));
    Optional<ComparedSets> sets =
        comparison.map(
            wanted -> {
              ImageSet real =
                  new ImageSet(
                      "--data", request.table(), reader, images, Map.of(), reader.labelNames());
              metrics.values().forEach(metric -> metric.checkSize(real));
              return sets(wanted, real, earlier, request.output());
            });
    var evaluation =
        new Evaluation(request, model, reader, images, sets, new SharedStatistics(), out);

    Map<String, Object> summary = new LinkedHashMap<>();
    model.ifPresent(known -> summary.put("model_hash", known.hash()));
    summary.put("data", request.table());
    summary.put("images", images);
    if (model.isPresent()) {
      summary.put("precision", Word.of(request.backend().precision()));
    }
    sets.ifPresent(compared -> summary.putAll(compared.settings()));
    earlier.ifPresent(result -> result.requireSame(summary));
    List<String> lines = new ArrayList<>();
    Map<String, Measured.Table> tables = new LinkedHashMap<>();
    List<Measured> results = new ArrayList<>();
    metrics.forEach(
        (choice, metric) -> {
          Measured measured = compute(metric, evaluation);
          for (Measured.Table table : measured.tables()) {
            tables.put(Word.of(choice) + table.suffix() + ".parquet", table);
          }
          measured.summary().forEach((name, value) -> putOnce(summary, name, value));
          results.add(measured);
          lines.add(measured.line());
        });
    earlier.ifPresent(result -> lines.addAll(result.lines(summary)));
    Optional<String> html =
        sets.map(any -> new EvaluationPage(request.output(), summary, results).html(sets));
    // Nothing is written before all is computed: the same command can be given again until then.
    tables.forEach((name, table) -> write(output, name, table));
    html.ifPresent(
        page -> output.createNew(PAGE, file -> file.write(page.getBytes(StandardCharsets.UTF_8))));
    byte[] json = FORMAT.write(Json.object(summary));
    output.createNew(SUMMARY, file -> file.write(json));
    return new Result(
        lines,
        tables.keySet().stream().map(store::location).toList(),
        store.location(SUMMARY),
        sets.map(any -> store.location(PAGE)),
        summary);
  }

  /**
   * Opens both sets and makes sure that their features are there. What can be checked before images
   * are drawn is.
   */
  private ComparedSets sets(
      Comparison comparison, ImageSet real, Optional<EarlierResult> earlier, String output) {
    ExtractorSpec extractor = comparison.extractor();
    int features = FeatureJob.features(extractor, real);
    Optional<ImageSet> heldOut =
        comparison
            .heldOut()
            .map(path -> ImageSet.open(spark, "--held-out", path, OptionalLong.empty(), "--count"));
    heldOut.ifPresent(set -> requireSame(set, real));
    heldOut.ifPresent(set -> requireOthers(set, real));
    earlier.ifPresent(
        result -> {
          Map<String, Object> known =
              ComparedSets.settings(
                  real, Optional.empty(), comparison.count(), heldOut, extractor, features);
          known.put("images", real.images());
          result.requireSame(known);
        });
    String samples = comparison.samples().folder();
    ImageSet generated = ImageSet.open(spark, "--samples", samples, comparison.count(), "--count");
    requireSame(generated, real);
    String cache = comparison.cache().orElse(output + "/" + FEATURES);
    var job = new FeatureJob(extractor, cache, out);
    return new ComparedSets(
        real,
        features(job, extractor, real),
        generated,
        features(job, extractor, generated),
        heldOut,
        extractor,
        cache);
  }

  private static void requireSame(ImageSet set, ImageSet real) {
    if (!set.reader().imageShape().equals(real.reader().imageShape())) {
      throw DdpmException.user(
          "%s = %s: has images of %s, but the table %s has images of %s.",
          set.option(),
          set.path(),
          set.reader().imageShape(),
          real.path(),
          real.reader().imageShape());
    }
  }

  /** Held-out images that are all in the table would call no sample a copy. */
  private static void requireOthers(ImageSet heldOut, ImageSet real) {
    if (heldOut.reader().fingerprint().equals(real.reader().fingerprint())) {
      throw DdpmException.user(
          "--held-out = %s: has the images of --data = %s; images are needed that are not there.",
          heldOut.path(), real.path());
    }
  }

  private FeatureView features(FeatureJob features, ExtractorSpec extractor, ImageSet set) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    try (ClusterJob job = ClusterJob.start(context, BackendChoice.DEFAULT)) {
      job.require(FeatureJob.needs(extractor, set));
      return features.run(job, set);
    }
  }

  /** Two metrics must not call different things by one name. */
  private static void putOnce(Map<String, Object> summary, String name, Object value) {
    Object other = summary.putIfAbsent(name, value);
    if (other != null && !other.equals(value)) {
      throw new IllegalStateException(
          "Two metrics have a %s: %s and %s.".formatted(name, other, value));
    }
  }

  private Measured compute(Metric metric, Evaluation evaluation) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    MemoryNeeds needs = metric.needs(evaluation);
    // what computes no network has a task per core, and not per card
    BackendChoice backend =
        needs.taskNative() > 0 ? evaluation.request().backend() : BackendChoice.DEFAULT;
    try (ClusterJob job = ClusterJob.start(context, backend)) {
      job.require(needs);
      return metric.compute(job, evaluation);
    }
  }

  /**
   * Checks a number from an option.
   *
   * @throws DdpmException (user) if it is below 1 or above {@code most}
   */
  static void requireBetween(String option, long value, long most, String what) {
    if (value < 1 || value > most) {
      throw DdpmException.user("%s = %d: must be 1 to %d, %s.", option, value, most, what);
    }
  }

  private static void write(NamedFolder output, String name, Measured.Table rows) {
    output.createNew(
        name,
        file -> {
          try (ParquetWriter<List<Object>> table =
              ParquetStream.writer(file, rows.schema(), Set.of(), Map::of)) {
            for (List<Object> row : rows.rows()) {
              table.write(row);
            }
          }
        });
  }
}
