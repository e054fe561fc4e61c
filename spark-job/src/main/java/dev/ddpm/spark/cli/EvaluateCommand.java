package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.cluster.WarmUp;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.evaluate.EvaluateJob;
import dev.ddpm.spark.evaluate.MetricChoice;
import dev.ddpm.spark.sample.SampleJob;
import dev.ddpm.spark.stored.ExtractorChoice;
import dev.ddpm.training.PowerProfile;
import java.io.PrintWriter;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
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

/** {@code ddpm evaluate}: says how good a model and its images are. */
@Command(
    name = "evaluate",
    description =
        "Computes, over the cluster, how good a model or its images are. bits-per-dim: how many"
            + " bits per dimension a model needs to describe the images of a table, the variational"
            + " bound of Ho et al. The model should not have been trained on these images. All"
            + " others compare features of the table's images with those of samples; agreement:"
            + " how many samples a classifier takes for what they were asked to be. The same"
            + " input gives the same figures, to the bit, from any cluster.",
    footer = {
      "",
      "Examples:",
      "  ddpm evaluate --model runs/fashion-mnist --data held-out --output runs/fashion-mnist/bits",
      "  ddpm evaluate --model hdfs:///runs/celeba --data hdfs:///tables/celeba-test \\",
      "    --images 1000 --timesteps 999 --output hdfs:///runs/celeba/bits \\",
      "    --set sampling.variance=fixed-small",
      "  ddpm evaluate --metrics frechet,kid --samples samples/today --data tables/celeba \\",
      "    --output samples/today-judged",
      "  ddpm evaluate --metrics frechet,kid --model runs/celeba --count 10000 \\",
      "    --data tables/celeba --features-cache features --output runs/celeba/judged",
      "  ddpm evaluate --model runs/celeba --ema-widths 0.03,0.05,0.1,0.2 --data held-out \\",
      "    --output runs/celeba/widths",
      "  ddpm evaluate --metrics memorisation --samples samples/today --data tables/celeba \\",
      "    --held-out tables/celeba-test --output samples/today-remembered",
      "  ddpm evaluate --metrics agreement --samples samples/today --data tables/celeba \\",
      "    --extractor classifier:classifiers/celeba --output samples/today-classes",
      "",
      "In the output folder: for each metric METRIC.parquet, and evaluation.json, the figures,"
          + " their",
      "standard errors and all settings. Features are kept, and samples that were drawn: the same",
      "command, if it was interrupted, goes on with them. Of the configuration bits-per-dim reads",
      "sampling.weights, sampling.variance, sampling.micro-batch, sampling.seed and those of"
          + " backend;",
      "images that are drawn follow all keys of sampling and backend."
    })
final class EvaluateCommand implements Callable<Integer>, Resumable {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;

  @Option(
      names = "--model",
      paramLabel = "FOLDER",
      description =
          "Model folder, or run folder of a finished training. Needed for bits-per-dim, and for"
              + " images where there are no --samples.")
  String model;

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

  @Option(
      names = "--unconditional",
      description =
          "bits-per-dim of a model that knows classes: as images of no class, whatever their"
              + " labels. Without it they are of the classes of their labels.")
  boolean unconditional;

  @Option(
      names = "--samples",
      paramLabel = "FOLDER",
      description =
          "Images that are compared with those of the table: a folder that 'sample' has written, or"
              + " another image table. Without it, they are drawn from --model.")
  String samples;

  @In("[1, 1000000000000]")
  @Option(
      names = "--count",
      paramLabel = "N",
      description =
          "How many of the samples are compared, or are drawn from --model. Default: all samples.")
  Long count;

  @Option(
      names = "--extractor",
      paramLabel = "EXTRACTOR",
      completionCandidates = ExtractorForms.class,
      description =
          "What is computed of each image to compare it: ${COMPLETION-CANDIDATES}. Default:"
              + " ${DEFAULT-VALUE}.",
      defaultValue = "pixels")
  String extractor;

  @Option(
      names = "--features-cache",
      paramLabel = "FOLDER",
      description =
          "Where features are kept, of any images and extractors, and found again. Default:"
              + " features in the output folder.")
  String featuresCache;

  @Option(
      names = "--held-out",
      paramLabel = "TABLE",
      description =
          "Image table on which the model was not trained: what memorisation takes as the measure"
              + " of how near new images come to those of --data.")
  String heldOut;

  @Option(
      names = "--compare-with",
      paramLabel = "FOLDER",
      description =
          "Output folder of an earlier evaluation, with whose figures those of this one are"
              + " compared. Refused if they are of other images, numbers of images or features.")
  String earlier;

  @In(PowerProfile.WIDTHS)
  @Option(
      names = "--ema-widths",
      paramLabel = "WIDTH",
      split = ",",
      description =
          "Evaluates averages of these widths of the run --model, as 'ema' makes them, instead of"
              + " its own average, and tells the best by bits-per-dim, frechet or kid.")
  List<Double> emaWidths = List.of();

  @Override
  public String goingOn() {
    return emaWidths.isEmpty()
        ? "the same command goes on with the samples and features that are there"
        : "the same command with a new --output begins again";
  }

  @Override
  public Integer call() {
    // A wrong setting is told before Spark starts.
    ExperimentConfig settings = common.load().experiment();
    SparkSession spark = model != null ? WarmUp.session() : SparkSession.builder().getOrCreate();
    if (model != null) {
      settings = common.experiment(model, spark);
    }
    var out = spec.commandLine().getOut();
    if (!emaWidths.isEmpty()) {
      search(spark, settings, out);
      return 0;
    }
    EvaluateJob.Result result = evaluate(spark, settings, Optional.ofNullable(model), output);
    result.lines().forEach(out::println);
    result.tables().forEach(table -> out.println("Table: " + table));
    out.println("Summary: " + result.file());
    result.page().ifPresent(page -> out.println("Page with pictures: " + page));
    return 0;
  }

  private void search(SparkSession spark, ExperimentConfig settings, PrintWriter out) {
    if (model == null || samples != null) {
      throw DdpmException.user(
          "--ema-widths: are of a run; name its folder by --model, and leave out --samples.");
    }
    if (settings.sampling().weights() != WeightChoice.EMA) {
      throw DdpmException.user(
          "sampling.weights = %s: must be ema with --ema-widths.",
          Word.of(settings.sampling().weights()));
    }
    new WidthSearch(spark.sparkContext().hadoopConfiguration(), out)
        .run(
            model,
            emaWidths,
            output,
            metrics,
            (average, folder) -> evaluate(spark, settings, Optional.of(average), folder));
  }

  private EvaluateJob.Result evaluate(
      SparkSession spark, ExperimentConfig settings, Optional<String> evaluated, String folder) {
    var request =
        new EvaluateJob.Request(
            evaluated,
            data,
            folder,
            metrics,
            images == null ? OptionalLong.empty() : OptionalLong.of(images),
            timesteps == null ? OptionalInt.empty() : OptionalInt.of(timesteps),
            settings.sampling(),
            settings.backend().choice(),
            comparison(spark, settings, evaluated, folder),
            unconditional);
    return new EvaluateJob(spark, spec.commandLine().getOut()).run(request);
  }

  /** The other images: those that there are, or those of the model. */
  private Optional<EvaluateJob.Comparison> comparison(
      SparkSession spark,
      ExperimentConfig settings,
      Optional<String> evaluated,
      String outputFolder) {
    if (earlier != null && metrics.equals(Set.of(MetricChoice.BITS_PER_DIM))) {
      throw DdpmException.user(
          "--compare-with = %s: compares figures of samples, of which --metrics = bits-per-dim has"
              + " none.",
          earlier);
    }
    boolean drawn = samples == null && evaluated.isPresent() && count != null;
    if (samples == null && !drawn) {
      return Optional.empty();
    }
    EvaluateJob.Samples folder = () -> samples;
    if (drawn) {
      String drawnInto = outputFolder + "/" + EvaluateJob.SAMPLES;
      var wanted =
          new SampleJob.Request(
              evaluated.orElseThrow(),
              drawnInto,
              count,
              settings.sampling(),
              settings.backend().choice(),
              Set.of());
      folder =
          new EvaluateJob.Samples() {
            @Override
            public String folder() {
              new SampleJob(spark, spec.commandLine().getOut()).run(wanted);
              return drawnInto;
            }

            @Override
            public boolean areDrawn() {
              return true;
            }
          };
    }
    return Optional.of(
        new EvaluateJob.Comparison(
            folder,
            count == null ? OptionalLong.empty() : OptionalLong.of(count),
            ExtractorChoice.parse(
                "--extractor", extractor, spark.sparkContext().hadoopConfiguration()),
            Optional.ofNullable(featuresCache),
            Optional.ofNullable(heldOut),
            Optional.ofNullable(earlier)));
  }

  private static final class ExtractorForms implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return ExtractorChoice.forms().iterator();
    }
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
