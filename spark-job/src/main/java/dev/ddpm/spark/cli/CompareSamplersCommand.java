package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.compare.SamplerComparison;
import dev.ddpm.spark.config.SamplingConfig;
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
        "Measures, on the driver alone, the speed of each sampler at 10, 20, 50, 100 and all"
            + " timesteps and how far it ends from its result with all of them; and the speed by"
            + " micro-batch. Distances are in levels of 0..255, root mean square.",
    footer = {
      "",
      "Example:",
      "  compare-samplers --model runs/fashion-mnist --config conf/fashion-mnist.conf"
    })
final class CompareSamplersCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;
  @Mixin ModelOption model;

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "16",
      description = "Images that are denoised together. Default: ${DEFAULT-VALUE}.")
  int images;

  @Override
  public Integer call() {
    if (images < 1) {
      throw DdpmException.user("--images = %d: must be at least 1.", images);
    }
    SamplingConfig sampling = common.load().experiment().sampling();
    SparkSession spark = SparkSession.builder().getOrCreate();
    var out = spec.commandLine().getOut();
    var comparison =
        new SamplerComparison(
            model.folder, sampling, spark.sparkContext().hadoopConfiguration(), out);
    comparison.microBatches();
    out.println();
    comparison.samplers(images);
    return 0;
  }
}
