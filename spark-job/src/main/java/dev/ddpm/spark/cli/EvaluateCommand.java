package dev.ddpm.spark.cli;

import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.evaluate.EvaluateJob;
import dev.ddpm.spark.evaluate.MetricChoice;
import java.util.Iterator;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm evaluate}: says how good a model is, in bits per dimension. */
@Command(
    name = "evaluate",
    description =
        "Computes, over the cluster, how many bits per dimension a model needs to describe the"
            + " images of a table: the variational bound of Ho et al. The model should not have"
            + " been trained on these images. The result of an image depends only on the model, the"
            + " seed and the id of the image.",
    footer = {
      "",
      "Examples:",
      "  ddpm evaluate --model runs/fashion-mnist --data held-out --output runs/fashion-mnist/bits",
      "  ddpm evaluate --model hdfs:///runs/celeba --data hdfs:///tables/celeba-test \\",
      "    --images 1000 --timesteps 999 --output hdfs:///runs/celeba/bits \\",
      "    --set sampling.variance=fixed-small",
      "",
      "In the output folder: bits-per-dim.parquet, one row per image, and evaluation.json, the",
      "means, their standard error and all settings. Of the configuration it reads"
          + " sampling.weights,",
      "sampling.variance, sampling.micro-batch, sampling.seed and backend.precision."
    })
final class EvaluateCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;
  @Mixin ModelOption model;

  @Option(
      names = "--data",
      paramLabel = "TABLE",
      required = true,
      description = "Image table, as 'ingest' writes it.")
  String data;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Output folder: a new or an empty one.")
  String output;

  @Option(
      names = "--metrics",
      paramLabel = "METRIC",
      split = ",",
      converter = MetricConverter.class,
      completionCandidates = MetricWords.class,
      description = "What is computed: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.",
      defaultValue = "bits-per-dim")
  Set<MetricChoice> metrics;

  @In("[1, 1000000000000]")
  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Evaluates the ids 0 to N-1. Default: all images of the table.")
  Long images;

  @In("[1, 100000]")
  @Option(
      names = "--timesteps",
      paramLabel = "K",
      description =
          "Timesteps that are computed per image. Every image draws its own, weighted so that the"
              + " mean over images is unbiased. 999 are all of 1000. Default: 50.")
  Integer timesteps;

  @Override
  public Integer call() {
    // A wrong setting is told before Spark starts.
    common.load();
    SparkSession spark = SparkSession.builder().getOrCreate();
    ExperimentConfig settings = common.experiment(model.folder, spark);
    var request =
        new EvaluateJob.Request(
            model.folder,
            data,
            output,
            metrics,
            images == null ? OptionalLong.empty() : OptionalLong.of(images),
            timesteps == null ? OptionalInt.empty() : OptionalInt.of(timesteps),
            settings.sampling(),
            settings.backend().precision().precision());
    var out = spec.commandLine().getOut();
    EvaluateJob.Result result = new EvaluateJob(spark, out).run(request);
    result.lines().forEach(out::println);
    result.tables().forEach(table -> out.println("Table: " + table));
    out.println("Summary: " + result.file());
    return 0;
  }

  private static final class MetricWords implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Words.of(MetricChoice.class).iterator();
    }
  }

  private static final class MetricConverter implements ITypeConverter<MetricChoice> {
    @Override
    public MetricChoice convert(String word) {
      return Words.parse(MetricChoice.class, word);
    }
  }
}
