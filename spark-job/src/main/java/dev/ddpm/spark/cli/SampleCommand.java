package dev.ddpm.spark.cli;

import static java.util.stream.Collectors.toSet;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.spark.cluster.WarmUp;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.sample.Export;
import dev.ddpm.spark.sample.SampleJob;
import dev.ddpm.spark.stored.DrawnClasses;
import dev.ddpm.spark.stored.StoredModel;
import dev.ddpm.spark.stored.TableClasses;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm sample}: draws images from a trained model. */
@Command(
    name = "sample",
    description =
        "Draws images from a trained model over the cluster. An image depends only on the model,"
            + " the sampling settings and its index, not on how the work was spread.",
    footer = {
      "",
      "Examples:",
      "  ddpm sample --model runs/fashion-mnist --output runs/fashion-mnist/samples --count 64",
      "  ddpm sample --model hdfs:///runs/celeba --output hdfs:///samples/today --count 10000 \\",
      "    --sampler ddim --steps 50 --set sampling.seed=20261124",
      "  ddpm sample --model runs/celeba --output samples --count 64 --sampler heun --steps 20 \\",
      "    --noise-levels karras",
      "  ddpm sample --model runs/celeba --output samples --count 64 --trajectory 10 --format png",
      "  ddpm sample --model runs/fashion-mnist --output samples --classes trouser=500,bag=500 \\",
      "    --guidance 2",
      "",
      "In the output folder: images/ (Parquet, one row per image), manifest.json and",
      "contact-sheet.png; png/ or npz/ and trajectories/ if asked for. If the same command is run",
      "again, it draws what is missing. A larger --count adds images; other settings need a new",
      "folder."
    })
final class SampleCommand implements Callable<Integer>, Resumable {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;
  @Mixin ModelOption model;
  @Mixin SamplerOptions sampler;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Output folder: a new one, or one in which to go on.")
  String output;

  @In("[1, 1000000000000]")
  @Option(
      names = "--count",
      paramLabel = "N",
      description =
          "Number of images: the indices 0 to N-1. Needed unless --classes says how many of each.")
  Long count;

  @Option(
      names = "--classes",
      paramLabel = "CLASSES",
      arity = "1..2",
      description =
          "Classes of the images, of a model that knows any: uniform, all=100 (of each),"
              + " trouser=500,bag=500 (names or numbers), or from-table TABLE, in the shares of its"
              + " labels. With --count only the ratios of the numbers decide. The same as --set"
              + " sampling.classes=CLASSES. Default: uniform.")
  List<String> classes = new ArrayList<>();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      split = ",",
      converter = FormatConverter.class,
      description =
          "Form of the images besides the table: parquet (the table alone), png or npz; may be"
              + " repeated.")
  List<Format> formats = new ArrayList<>();

  @In("[0, 100000]")
  @Option(
      names = "--trajectory",
      paramLabel = "K",
      description =
          "Keeps the predicted x̂0 at K steps, as a table, a strip and an animation: the same as"
              + " --set sampling.trajectory=K.")
  Integer trajectory;

  @Option(
      names = "--x0",
      description =
          "Keeps the images as floats too, in column x0: the same as --set sampling.keep-x0=true.")
  boolean keepX0;

  /** The forms of the images. The table is always written. */
  enum Format {
    PARQUET(Optional.empty()),
    PNG(Optional.of(Export.PNG)),
    NPZ(Optional.of(Export.NPZ));

    private final Optional<Export> export;

    Format(Optional<Export> export) {
      this.export = export;
    }
  }

  static final class FormatConverter implements ITypeConverter<Format> {
    @Override
    public Format convert(String word) {
      return Words.parse(Format.class, word);
    }
  }

  @Override
  public String goingOn() {
    return "the same command draws what is missing";
  }

  /** As many as the classes are asked for by. */
  private long countOf(ExperimentConfig settings, SparkSession spark) {
    ClassLabels known =
        StoredModel.open(model.folder, spark.sparkContext().hadoopConfiguration())
            .description()
            .classes();
    return TableClasses.drawn(spark, known, settings.sampling().classes())
        .total()
        .orElseThrow(
            () ->
                DdpmException.user(
                    "--count: is missing, and %s = %s does not say of every class how many images"
                        + " are wanted.",
                    DrawnClasses.KEY, settings.sampling().classes()));
  }

  @Override
  public Integer call() {
    sampler.assignTo(common);
    if (!classes.isEmpty()) {
      String text = String.join(" ", classes);
      common.assign("--classes " + text, DrawnClasses.KEY, text);
    }
    if (trajectory != null) {
      common.assign("--trajectory " + trajectory, "sampling.trajectory", trajectory.toString());
    }
    if (keepX0) {
      common.assign("--x0", "sampling.keep-x0", "true");
    }
    // A wrong setting is told before Spark starts.
    String told = common.load().experiment().sampling().classes();
    if (count == null && !told.contains("=")) {
      throw DdpmException.user(
          "--count: is missing; how many images are wanted must be said by it, or by --classes, as"
              + " in trouser=500,bag=500.");
    }
    SparkSession spark = WarmUp.session();
    ExperimentConfig settings = common.experiment(model.folder, spark);
    Set<Export> exports =
        formats.stream().flatMap(format -> format.export.stream()).collect(toSet());
    var request =
        new SampleJob.Request(
            model.folder,
            output,
            count == null ? countOf(settings, spark) : count,
            settings.sampling(),
            settings.backend().choice(),
            exports);
    var out = spec.commandLine().getOut();
    SampleJob.Result result = new SampleJob(spark, out).run(request);
    out.println(
        result.drawn() == 0
            ? "Nothing to draw: all images are there already."
            : String.format(
                Locale.ROOT,
                "Sampled %,d images in %.1f s (%.1f images/s); of the task slots' time, %.1f %%"
                    + " went into the sampler",
                result.drawn(),
                result.seconds(),
                result.drawn() / result.seconds(),
                100 * result.samplerShare()));
    out.println(
        String.format(Locale.ROOT, "Table of %,d images: %s", result.images(), result.table()));
    out.println("Contact sheet: " + result.contactSheet());
    return 0;
  }
}
