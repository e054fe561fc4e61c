package dev.ddpm.spark.cli;

import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.exchange.ExportJob;
import dev.ddpm.spark.exchange.ExportKind;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm export}: writes a model for another system. */
@Command(
    name = "export",
    description =
        "Writes a model for another system, with a model card (README.md): what it was trained on"
            + " and how, its figures and pictures where they are in the folder of the run, and the"
            + " command that makes it again.",
    footer = {
      "",
      "Examples:",
      "  ddpm export --to diffusers runs/ho-cifar10 --output exports/ho-cifar10 --licence mit",
      "  ddpm export --to labml --weights raw runs/celeba --output exports/celeba",
      "",
      "diffusers: a folder that DDPMPipeline.from_pretrained loads, for networks of the kind"
          + " unet2d.",
      "labml: eps_model.pth and info.json, as a checkpoint of the annotated implementation.",
      "safetensors: the state dict of any network. spark-job/EXCHANGE.md tells more."
    })
final class ExportCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--to",
      paramLabel = "FORM",
      required = true,
      converter = Kinds.class,
      completionCandidates = Kinds.class,
      description = "What it becomes: ${COMPLETION-CANDIDATES}.")
  ExportKind kind;

  @Parameters(paramLabel = "MODEL", description = "Run folder of 'train', or a model folder.")
  String model;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Output folder: a new or an empty one.")
  String output;

  @Option(
      names = "--weights",
      paramLabel = "WHICH",
      converter = Weights.class,
      defaultValue = "ema",
      description =
          "ema, the moving average, or the last ones where there is none; or raw, the last ones."
              + " Default: ${DEFAULT-VALUE}.")
  WeightChoice weights;

  @Option(
      names = "--licence",
      paramLabel = "NAME",
      description = "Licence of the weights, for the card, such as apache-2.0.")
  Optional<String> licence;

  private static final class Kinds extends WordConverter<ExportKind> {
    Kinds() {
      super(ExportKind.class);
    }
  }

  private static final class Weights extends WordConverter<WeightChoice> {
    Weights() {
      super(WeightChoice.class);
    }
  }

  @Override
  public Integer call() {
    SparkSession spark = SparkSession.builder().getOrCreate();
    long parameters =
        new ExportJob(spark.sparkContext().hadoopConfiguration())
            .run(new ExportJob.Request(kind, model, output, weights, licence));
    var out = spec.commandLine().getOut();
    out.println(String.format(Locale.ROOT, "Exported %,d parameters.", parameters));
    out.println("Folder: " + output);
    return 0;
  }
}
