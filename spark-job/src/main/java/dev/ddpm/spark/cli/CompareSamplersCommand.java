package dev.ddpm.spark.cli;

import dev.ddpm.spark.compare.SamplerComparison;
import dev.ddpm.spark.config.ExperimentConfig;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
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
        "Measures each sampler, on the driver alone, with 10, 20, 50, 100 and all timesteps: its"
            + " calls of the model, its speed, and the distance of its images from those with all"
            + " timesteps (root mean square, in levels of 0 to 255). Also measures the speed by"
            + " micro-batch.",
    footer = {
      "",
      "Example:",
      "  ddpm compare-samplers --model runs/fashion-mnist --config conf/fashion-mnist.conf"
    })
final class CompareSamplersCommand implements Callable<Integer> {
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

  @Override
  public Integer call() {
    // A wrong setting is told before Spark starts.
    common.load();
    SparkSession spark = SparkSession.builder().getOrCreate();
    ExperimentConfig settings = common.experiment(model.folder, spark);
    var out = spec.commandLine().getOut();
    new SamplerComparison(
            JavaSparkContext.fromSparkContext(spark.sparkContext()),
            model.folder,
            settings.sampling(),
            settings.backend().precision().precision(),
            out)
        .run(images);
    return 0;
  }
}
