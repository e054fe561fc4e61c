package dev.ddpm.spark.cli;

import dev.ddpm.spark.cluster.WarmUp;
import dev.ddpm.spark.compare.SamplerComparison;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.stored.ExtractorChoice;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm compare-samplers}: measures samplers on the driver. */
@Command(
    name = "compare-samplers",
    description =
        "Measures samplers, on the driver alone, with 10, 20, 50, 100 and all timesteps: their"
            + " calls of the model, speed, and the distance of their images from those with all"
            + " timesteps (root mean square, in levels of 0 to 255). Also measures the speed by"
            + " micro-batch. With --data, also the Fréchet distance of each sampler's images to"
            + " those of a table: being near to all timesteps is not being near to the data; and"
            + " which sampler and steps cost least within 5 %% of the nearest.",
    footer = {
      "",
      "Examples:",
      "  ddpm compare-samplers --model runs/fashion-mnist --config conf/fashion-mnist.conf",
      "  ddpm compare-samplers --model runs/fashion-mnist --data spark-job/data/fashion-mnist-10k"
          + " \\",
      "    --count 500 --extractor fashion-mnist --samplers ddim,unipc --etas 0,1 \\",
      "    --steps 25,50,100 --output compared",
      "",
      "With --output every row is kept as soon as it is measured: the same command, if it was",
      "interrupted, goes on with the rows that are missing."
    })
final class CompareSamplersCommand implements Callable<Integer>, Resumable {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;
  @Mixin ModelOption model;

  @In("[1, 65536]")
  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "16",
      description = "Images that are denoised together. Default: ${DEFAULT-VALUE}.")
  int images;

  @Option(
      names = "--samplers",
      paramLabel = "SAMPLER",
      split = ",",
      converter = Samplers.class,
      description =
          "Which are measured: ddpm, ddim, dpm-solver++, unipc, euler, heun, pndm or plms. Default:"
              + " all.")
  Set<SamplerChoice> samplers = Set.of();

  @In("[1, 100000]")
  @Option(
      names = "--steps",
      paramLabel = "N",
      split = ",",
      description =
          "Numbers of timesteps that they are measured with. Default: 10, 20, 50, 100 and all.")
  Set<Integer> steps = Set.of();

  @In("[0, 1]")
  @Option(
      names = "--etas",
      paramLabel = "ETA",
      split = ",",
      description =
          "Shares of noise that ddim is measured with, such as 0,1. Default: that of sampling.eta.")
  Set<Double> etas = Set.of();

  @Option(
      names = "--data",
      paramLabel = "TABLE",
      description = "Image table to which the images of each sampler are compared.")
  String data;

  @In("[2, 1000000]")
  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "500",
      description =
          "Images that are drawn to be compared with those of --data. Default: ${DEFAULT-VALUE}.")
  int count;

  @Option(
      names = "--extractor",
      paramLabel = "EXTRACTOR",
      defaultValue = "pixels",
      description = "What is computed of each of them, as in evaluate. Default: ${DEFAULT-VALUE}.")
  String extractor;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      description =
          "Keeps what was measured, in comparison.json: a new folder, or one in which to go on,"
              + " also with other samplers and steps. Default: it is printed only.")
  String output;

  @Override
  public String goingOn() {
    return "with --output, the same command goes on with the rows that are missing";
  }

  @Override
  public Integer call() {
    // A wrong setting is told before Spark starts.
    common.load();
    SparkSession spark = WarmUp.session();
    ExperimentConfig settings = common.experiment(model.folder, spark);
    Optional<SamplerComparison.Judging> judging =
        Optional.ofNullable(data)
            .map(
                table ->
                    new SamplerComparison.Judging(
                        table,
                        ExtractorChoice.parse(
                            "--extractor", extractor, spark.sparkContext().hadoopConfiguration()),
                        count));
    var request =
        new SamplerComparison.Request(
            model.folder,
            settings.sampling(),
            settings.backend().choice(),
            images,
            samplers,
            steps,
            etas,
            judging,
            Optional.ofNullable(output));
    new SamplerComparison(spark, request, spec.commandLine().getOut()).run();
    return 0;
  }

  private static final class Samplers extends WordConverter<SamplerChoice> {
    Samplers() {
      super(SamplerChoice.class);
    }
  }
}
