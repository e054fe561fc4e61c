package dev.ddpm.spark.cli;

import dev.ddpm.spark.ema.EmaJob;
import dev.ddpm.training.PowerProfile;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm ema}: makes an average of a run's weights when the run is over. */
@Command(
    name = "ema",
    description =
        "Makes an average of the weights of a run over its time, of any width, when the run is"
            + " over. The run must have been trained with training.ema-profiles = true. Writes a"
            + " model folder that sample, evaluate and train --from take.",
    footer = {
      "",
      "Examples:",
      "  ddpm ema --run runs/celeba --width 0.15 --output models/celeba-0.15",
      "  ddpm sample --model models/celeba-0.15 --output samples/wide --count 64",
      "",
      "A wide average forgets slowly: the width is the deviation of the moments that count, as a",
      "share of the run (Karras et al., arXiv 2312.02696). The best one depends on the model;",
      "'evaluate --ema-widths' compares several."
    })
final class EmaCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--run",
      paramLabel = "FOLDER",
      required = true,
      description =
          "Run folder of 'train', finished or not; the average ends at its last snapshot.")
  String run;

  @In(PowerProfile.WIDTHS)
  @Option(
      names = "--width",
      paramLabel = "WIDTH",
      required = true,
      description = "Width of the average as a share of the run, such as 0.15.")
  Double width;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Model folder: a new or an empty one.")
  String output;

  @Override
  public Integer call() {
    SparkSession spark = SparkSession.builder().getOrCreate();
    EmaJob.Result made =
        new EmaJob(spark.sparkContext().hadoopConfiguration())
            .run(new EmaJob.Request(run, new PowerProfile(width), output));
    var out = spec.commandLine().getOut();
    if (!made.missing().isEmpty()) {
      out.println(
          "Snapshots of these rounds are missing, and were done without: " + made.missing());
    }
    out.println(
        String.format(
            Locale.ROOT,
            "Averaged up to round %d with the width %s, from %d snapshots; the profile is met to"
                + " %.2g %%.",
            made.round(),
            width,
            made.snapshots(),
            100 * made.error()));
    out.println("Model: " + output);
    return 0;
  }
}
