package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.io.ParquetStream;
import dev.ddpm.spark.stored.StoredModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Computes metrics of a model over the cluster, and writes a table for each and one summary of all.
 */
public final class EvaluateJob {
  private static final String SUMMARY = "evaluation.json";

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
   * @param model path of a model folder
   * @param table path of an image table, of images as the model makes them
   * @param output path of the output folder, new or empty
   * @param metrics what is measured; at least one
   * @param images how many, from id 0 on; all of the table if absent
   * @param timesteps transitions per image; 50, or all of the model, if absent
   * @param sampling weights, variance, micro-batch and seed
   * @param precision what the network computes in
   */
  public record Request(
      String model,
      String table,
      String output,
      Set<MetricChoice> metrics,
      OptionalLong images,
      OptionalInt timesteps,
      SamplingConfig sampling,
      Precision precision) {

    /** Freezes the metrics. */
    public Request {
      metrics = Set.copyOf(metrics);
    }
  }

  /**
   * What was computed.
   *
   * @param lines the results for people, one per metric
   * @param tables paths of the tables, one per metric
   * @param file path of the JSON file with the summary
   * @param summary its content: figures and settings by name
   */
  public record Result(
      List<String> lines, List<String> tables, String file, Map<String, Object> summary) {}

  /**
   * Evaluates the model.
   *
   * @throws DdpmException for a model, table, number or output folder that cannot be used, before
   *     anything is computed; (user) if another job has written into the folder by the end
   */
  public Result run(Request request) {
    StoredModel model =
        StoredModel.read(request.model(), request.sampling().weights(), configuration);
    Map<MetricChoice, Metric> metrics = new TreeMap<>();
    request.metrics().forEach(choice -> metrics.put(choice, choice.create()));
    metrics.values().forEach(metric -> metric.check(request, model.description()));
    NamedFolder output = NamedFolder.of("--output", request.output(), configuration).requireEmpty();
    HadoopFileStore store = output.store();
    ImageTableReader reader = model.table(spark, request.table());
    long images = request.images().orElse(reader.images());
    requireBetween("--images", images, reader.images(), "those of the table");
    var evaluation = new Evaluation(request, model, reader, images, out);

    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("model_hash", model.hash());
    summary.put("data", request.table());
    summary.put("images", images);
    summary.put("precision", Word.of(request.precision()));
    List<String> lines = new ArrayList<>();
    List<String> tables = new ArrayList<>();
    metrics.forEach(
        (choice, metric) -> {
          Measured measured = compute(metric, evaluation);
          String table = Word.of(choice) + ".parquet";
          write(output, table, measured);
          measured.summary().forEach((name, value) -> putOnce(summary, name, value));
          lines.add(measured.line());
          tables.add(store.location(table));
        });
    byte[] json = FORMAT.write(Json.object(summary));
    output.createNew(SUMMARY, file -> file.write(json));
    return new Result(lines, tables, store.location(SUMMARY), summary);
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
    try (ClusterJob job = ClusterJob.start(context, evaluation.request().precision())) {
      job.require(metric.needs(evaluation));
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

  private static void write(NamedFolder output, String name, Measured measured) {
    output.createNew(
        name,
        file -> {
          try (ParquetWriter<List<Object>> table =
              ParquetStream.writer(file, measured.schema(), Set.of(), Map::of)) {
            for (List<Object> row : measured.rows()) {
              table.write(row);
            }
          }
        });
  }
}
