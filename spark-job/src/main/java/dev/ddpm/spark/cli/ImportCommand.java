package dev.ddpm.spark.cli;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.spark.exchange.ImportJob;
import dev.ddpm.spark.exchange.ImportKind;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm import}: makes a model folder of another system's model. */
@Command(
    name = "import",
    description =
        "Makes a model folder of another system's model, which every command takes as one of its"
            + " own. Files of PyTorch are read as data: nothing that a file names is ever loaded or"
            + " run.",
    footer = {
      "",
      "Examples:",
      "  ddpm import --from diffusers downloads/ddpm-cifar10-32 --output models/cifar10",
      "  ddpm import --from labml logs/ddpm/0a1b2c/checkpoints/937 --output models/celeba \\",
      "    --height 32 --width 32",
      "  ddpm import --from state-dict weights.pth --config conf/cifar10.conf --output models/mine",
      "",
      "diffusers: the folder of a pipeline or of its network; the scheduler's settings become the",
      "model's. labml: a file eps_model.pth, the folder of a checkpoint, or the run above it;"
          + " model.norm-groups,",
      "model.attention-heads and diffusion.* as --config and --set have them. state-dict: all of"
          + " model.*",
      "and diffusion.*; with model.classes = labels the last row of the embedding of classes is"
          + " that of",
      "images of no class. spark-job/EXCHANGE.md tells more."
    })
final class ImportCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;

  @Option(
      names = "--from",
      paramLabel = "SYSTEM",
      required = true,
      converter = Kinds.class,
      completionCandidates = Kinds.class,
      description = "Whose model it is: ${COMPLETION-CANDIDATES}.")
  ImportKind kind;

  @Parameters(paramLabel = "SOURCE", description = "File or folder of the model.")
  String source;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Model folder: a new or an empty one.")
  String output;

  @Option(
      names = "--state-dict",
      paramLabel = "NAME",
      description = "Which state dict of a file that has several, such as ema or state.model.")
  Optional<String> stateDict;

  @In("[1, 67108864]")
  @Option(
      names = "--height",
      paramLabel = "PIXELS",
      description = "Height of the images: the same as --set model.height=PIXELS.")
  Integer height;

  @In("[1, 67108864]")
  @Option(
      names = "--width",
      paramLabel = "PIXELS",
      description = "Width of the images: the same as --set model.width=PIXELS.")
  Integer width;

  private static final class Kinds extends WordConverter<ImportKind> {
    Kinds() {
      super(ImportKind.class);
    }
  }

  @Override
  public Integer call() {
    if (height != null) {
      common.assign("--height " + height, "model.height", height.toString());
    }
    if (width != null) {
      common.assign("--width " + width, "model.width", width.toString());
    }
    common.load();
    SparkSession spark = SparkSession.builder().getOrCreate();
    var request =
        new ImportJob.Request(
            kind,
            source,
            output,
            stateDict,
            new ImportKind.Settings(Optional.ofNullable(common.config), common.assignments));
    ImportJob.Result result =
        new ImportJob(spark.sparkContext().hadoopConfiguration()).run(request);
    ModelDescription model = result.model();
    var out = spec.commandLine().getOut();
    out.println(
        String.format(
            Locale.ROOT,
            "Imported %,d parameters in %d tensors: images of %s, %d timesteps, predicts %s.",
            result.parameters(),
            result.tensors(),
            model.architecture().imageShape(),
            model.schedule().steps(),
            model.prediction().symbol()));
    if (model.classes().exist()) {
      out.println(
          String.format(
              Locale.ROOT,
              "It knows %,d classes, and %s how images of none look.",
              model.classes().count(),
              model.classes().unlabelled() ? "also" : "not"));
    }
    model.sampling().forEach((key, value) -> out.println("Sampled with " + key + " = " + value));
    out.println("Model: " + output);
    return 0;
  }
}
