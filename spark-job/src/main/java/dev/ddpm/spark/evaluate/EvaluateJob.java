package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.evaluation.BoundEvaluator;
import dev.ddpm.evaluation.ImageBound;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.io.EmptyFolder;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.ParquetStream;
import dev.ddpm.spark.stored.SamplingMemory;
import dev.ddpm.spark.stored.StoredModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * Computes the variational bound of the images of a table, over the cluster. Every image is
 * evaluated by itself and with noise keyed by its id, and results are put in the order of the ids:
 * they are the same to the bit whoever computed what, and however often.
 */
public final class EvaluateJob {
  private static final String TABLE = "bits-per-dim.parquet";
  private static final String SUMMARY = "evaluation.json";
  private static final int TASKS_PER_SLOT = 4;

  /** Timesteps per image unless told otherwise: enough for three digits, see EVALUATION.md. */
  private static final int TIMESTEPS = 50;

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
   * @param images how many, from id 0 on; all of the table if absent
   * @param timesteps transitions per image; 50, or all of the model, if absent
   * @param sampling weights, variance, micro-batch and seed
   */
  public record Request(
      String model,
      String table,
      String output,
      OptionalLong images,
      OptionalInt timesteps,
      SamplingConfig sampling) {}

  /**
   * What was computed.
   *
   * @param table path of the table, with a row per image
   * @param file path of the JSON file with the summary
   * @param summary means and settings
   */
  public record Result(String table, String file, EvaluationSummary summary) {}

  /**
   * Evaluates the model.
   *
   * @throws DdpmException for a model, table, number or output folder that cannot be used, before
   *     anything is computed
   */
  public Result run(Request request) {
    SamplingConfig sampling = request.sampling();
    StoredModel model = StoredModel.read(request.model(), sampling.weights(), configuration);
    requireRange(request.model(), model.description());
    int transitions = model.description().schedule().steps() - 1;
    int timesteps = request.timesteps().orElse(Math.min(TIMESTEPS, transitions));
    requireBetween("--timesteps", timesteps, transitions, "one less than the model has");
    var store =
        new HadoopFileStore(EmptyFolder.require(request.output(), configuration), configuration);
    ImageTableReader reader = model.table(spark, request.table());
    long images = request.images().orElse(reader.images());
    requireBetween("--images", images, reader.images(), "those of the table");

    List<ImageBound> bounds = compute(model, reader, images, timesteps, sampling);
    var summary =
        new EvaluationSummary(
            model.hash(),
            request.table(),
            images,
            timesteps,
            transitions + 1,
            Word.of(sampling.variance()),
            sampling.seed(),
            EvaluationSummary.mean(bounds, ImageBound::bitsPerDim),
            EvaluationSummary.standardError(bounds),
            EvaluationSummary.mean(bounds, ImageBound::decoder),
            EvaluationSummary.mean(bounds, ImageBound::transitions),
            EvaluationSummary.mean(bounds, ImageBound::prior));
    write(store, bounds, summary, request.output());
    return new Result(store.location(TABLE), store.location(SUMMARY), summary);
  }

  private static void requireRange(String path, ModelDescription model) {
    if (model.dataRange() != DataRange.MINUS_ONE_TO_ONE) {
      throw DdpmException.user(
          "--model = %s: has the data range %s; bits per dimension are defined only for"
              + " minus-one-to-one, the range of the preset paper.",
          path, Word.of(model.dataRange()));
    }
  }

  private static void requireBetween(String option, long value, long most, String what) {
    if (value < 1 || value > most) {
      throw DdpmException.user("%s = %d: must be 1 to %d, %s.", option, value, most, what);
    }
  }

  private List<ImageBound> compute(
      StoredModel model,
      ImageTableReader reader,
      long images,
      int timesteps,
      SamplingConfig sampling) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    try (ClusterJob job = ClusterJob.start(context)) {
      job.require(
          SamplingMemory.of(
              model.description().architecture(), sampling.microBatch(), "sampling.micro-batch"));
      var setup =
          new EvaluatorSetup(
              model.description(), sampling, timesteps, new WireFloats(model.weights()));
      Broadcast<ExecutorPool<BoundEvaluator>> evaluators = job.pool(setup);
      ClusterJob.Watched watched = job.watch("evaluating", images, timesteps + 1, out);
      job.describe("evaluate", "Evaluating %,d images".formatted(images));
      JavaRDD<ImageBound> bounds =
          reader
              .rows(id -> id < images)
              .repartition((int) Math.min(images, (long) TASKS_PER_SLOT * job.slots()))
              .mapPartitions(new EvaluationTask(evaluators, watched.imageSteps()));
      List<ImageBound> sorted = new ArrayList<>(bounds.collect());
      sorted.sort(Comparator.comparingLong(ImageBound::id));
      requireAll(sorted, images);
      return sorted;
    }
  }

  /** A mean over other images than was said would be worse than none. */
  private static void requireAll(List<ImageBound> sorted, long images) {
    boolean all =
        sorted.size() == images
            && IntStream.range(0, sorted.size()).allMatch(i -> sorted.get(i).id() == i);
    if (!all) {
      throw new IllegalStateException(
          "%d results came back, which are not those of the images 0 to %d."
              .formatted(sorted.size(), images - 1));
    }
  }

  private static void write(
      HadoopFileStore store, List<ImageBound> bounds, EvaluationSummary summary, String output) {
    try {
      store.createNew(
          TABLE,
          file -> {
            try (ParquetWriter<List<Object>> table =
                ParquetStream.writer(file, schema(), Set.of(), Map::of)) {
              for (ImageBound bound : bounds) {
                table.write(
                    List.of(
                        bound.id(),
                        bound.bitsPerDim(),
                        bound.decoder(),
                        bound.transitions(),
                        bound.prior()));
              }
            }
          });
      byte[] json = Json.write(summary).getBytes(StandardCharsets.UTF_8);
      store.createNew(SUMMARY, file -> file.write(json));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be written: %s.", output, e.getMessage());
    }
  }

  /** Id of the image, and its bound and the three parts of it in bits per dimension. */
  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("id")
        .required(PrimitiveTypeName.DOUBLE)
        .named("bits_per_dim")
        .required(PrimitiveTypeName.DOUBLE)
        .named("decoder")
        .required(PrimitiveTypeName.DOUBLE)
        .named("transitions")
        .required(PrimitiveTypeName.DOUBLE)
        .named("prior")
        .named("bits_per_dim");
  }
}
