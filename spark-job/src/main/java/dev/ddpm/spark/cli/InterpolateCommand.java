package dev.ddpm.spark.cli;

import dev.ddpm.spark.cluster.WarmUp;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.interpolate.InterpolateJob;
import dev.ddpm.spark.interpolate.InterpolationMethod;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code ddpm interpolate}: computes the images between pairs of images. */
@Command(
    name = "interpolate",
    description =
        "Computes the images between pairs of images of a table: both are taken to a timestep,"
            + " mixed, and taken back.",
    footer = {
      "",
      "Examples:",
      "  ddpm interpolate --model runs/fashion-mnist --data spark-job/data/fashion-mnist-10k \\",
      "    --pairs 3:17,5:9 --timestep 500 --output between --config conf/fashion-mnist.conf",
      "",
      "In the output folder: interpolations.parquet, one row per pair and λ, and",
      "interpolations.png, one row per pair with the two images at its ends."
    })
final class InterpolateCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;
  @Mixin ModelOption model;
  @Mixin SamplerOptions sampler;

  @Option(
      names = "--data",
      paramLabel = "TABLE",
      required = true,
      description = "Image table with the source images, as 'ingest' writes it.")
  String data;

  @Option(
      names = "--pairs",
      paramLabel = "ID:ID",
      required = true,
      split = ",",
      converter = PairConverter.class,
      description = "Ids of the images of each pair, such as 3:17,5:9.")
  List<InterpolateJob.Pair> pairs;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Output folder: a new or an empty one.")
  String output;

  @In("[0, 100000]")
  @Option(
      names = "--timestep",
      paramLabel = "T",
      required = true,
      description =
          "Timestep to which images are taken. The higher it is, the freer are the results. It is"
              + " rounded down to one that the sampler visits.")
  int timestep;

  @In("[2, 65536]")
  @Option(
      names = "--lambdas",
      paramLabel = "N",
      defaultValue = "9",
      description = "Images per pair, from λ = 0 to 1. Default: ${DEFAULT-VALUE}.")
  int lambdas;

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      defaultValue = "same-noise",
      converter = MethodConverter.class,
      description =
          "How images are taken to a timestep: same-noise (both get the same random noise) or"
              + " inversion (DDIM run backwards, from which they come back). Default:"
              + " ${DEFAULT-VALUE}.")
  InterpolationMethod method;

  @Option(
      names = "--class",
      paramLabel = "CLASS",
      description =
          "Name or number of the class of all images, of a model that knows classes. Default: each"
              + " source image is of the class of its label, and each result of that of the nearer"
              + " one.")
  String imageClass;

  static final class PairConverter implements ITypeConverter<InterpolateJob.Pair> {
    @Override
    public InterpolateJob.Pair convert(String text) {
      String[] ids = text.split(":", -1);
      try {
        if (ids.length == 2) {
          return new InterpolateJob.Pair(Long.parseLong(ids[0]), Long.parseLong(ids[1]));
        }
      } catch (NumberFormatException noNumber) {
        throw new TypeConversionException("'" + text + "' is not two ids such as 3:17");
      }
      throw new TypeConversionException("'" + text + "' is not two ids such as 3:17");
    }
  }

  static final class MethodConverter implements ITypeConverter<InterpolationMethod> {
    @Override
    public InterpolationMethod convert(String word) {
      return Words.parse(InterpolationMethod.class, word);
    }
  }

  @Override
  public Integer call() {
    sampler.assignTo(common);
    // A wrong setting is told before Spark starts.
    common.load();
    SparkSession spark = WarmUp.session();
    ExperimentConfig settings = common.experiment(model.folder, spark);
    var request =
        new InterpolateJob.Request(
            model.folder,
            data,
            output,
            pairs,
            method,
            timestep,
            lambdas,
            settings.sampling(),
            settings.backend().choice(),
            Optional.ofNullable(imageClass));
    InterpolateJob.Result result = new InterpolateJob(spark).run(request);
    var out = spec.commandLine().getOut();
    if (method == InterpolationMethod.INVERSION) {
      out.println(
          String.format(
              Locale.ROOT,
              "Encoded and decoded, the images differ by %.2f levels of 0..255 (root mean square).",
              result.endError()));
    }
    out.println("Table: " + result.table());
    out.println("Sheet: " + result.sheet());
    return 0;
  }
}
