package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.spark.config.ClassesChoice;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.TrainingConfig;
import dev.ddpm.spark.plan.ClusterShape;
import dev.ddpm.spark.plan.CostModel;
import dev.ddpm.spark.plan.MeasuredCosts;
import dev.ddpm.spark.plan.PlanReport;
import dev.ddpm.spark.plan.Workload;
import dev.ddpm.spark.train.TrainingMemory;
import dev.ddpm.training.BalancedOrder;
import dev.ddpm.training.RoundPlan;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm plan}: what training a configuration will cost on clusters of several sizes. */
@Command(
    name = "plan",
    description =
        "Prints what it costs to train a configuration on clusters of several sizes: seconds of a"
            + " round, overhead, images per second, and memory. It computes with measured costs and"
            + " starts no Spark.",
    footer = {
      "",
      "Examples:",
      "  ddpm plan --config conf/cifar10.conf --images 50000",
      "  ddpm plan --config conf/cifar10.conf --executors 16,64 --task-cpus 8 --network 25 \\",
      "    --gflops 130 --chart plan.png",
      "",
      "spark-job/DISTRIBUTED.md explains the costs that it computes with."
    })
final class PlanCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;

  @In("[1, 100000]")
  @Option(
      names = "--executors",
      split = ",",
      paramLabel = "N",
      description = "Numbers of executors, one per machine. Default: ${DEFAULT-VALUE}.",
      defaultValue = "8,16,32,64,128,256,512")
  List<Integer> executors;

  @In("[1, 1024]")
  @Option(
      names = "--tasks",
      paramLabel = "N",
      description = "Tasks, and so workers, of an executor. Default: ${DEFAULT-VALUE}.",
      defaultValue = "1")
  int tasks;

  @In("[1, 1024]")
  @Option(
      names = "--task-cpus",
      paramLabel = "N",
      description = "Cores of a task. Default: ${DEFAULT-VALUE}.",
      defaultValue = "1")
  int taskCpus;

  @In("(0, 1000000]")
  @Option(
      names = "--network",
      paramLabel = "GBIT",
      description = "Gigabits per second between two machines. Default: ${DEFAULT-VALUE}.",
      defaultValue = "10")
  double network;

  @In("(0, 1000000000]")
  @Option(
      names = "--gflops",
      paramLabel = "GFLOPS",
      description =
          "Speed of one core in convolutions, in 10⁹ floating-point operations per second; the rest"
              + " of a step is taken to be faster or slower in proportion. Default: the speed of"
              + " the machine that was measured.")
  Double gflops;

  @In("[1, 1000000000000]")
  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Images of the data set, for the time of an epoch. Default: ${DEFAULT-VALUE}.",
      defaultValue = "60000")
  long images;

  @In("[1, 1000000]")
  @Option(
      names = "--classes",
      paramLabel = "N",
      description =
          "Classes of the data set, where model.classes is labels. Default: ${DEFAULT-VALUE}.",
      defaultValue = "10")
  int classes;

  @Option(
      names = "--chart",
      paramLabel = "FILE",
      description =
          "Also draws the efficiency over the executors, for 1 to 200 million parameters, as a PNG"
              + " file, which must be a new one.")
  Path chart;

  @Override
  public Integer call() {
    // Looked at before anything is printed, and again by the writing itself.
    if (chart != null && Files.exists(chart)) {
      throw exists();
    }
    ExperimentConfig experiment = common.load().experiment();
    TrainingConfig training = experiment.training();
    Architecture architecture = architecture(experiment);
    MeasuredCosts costs = MeasuredCosts.REFERENCE;
    if (gflops != null) {
      costs = costs.withFlopsPerCore(gflops * 1e9);
    }
    var plan = new RoundPlan(images, 1, training.averagingFrequency(), training.batchSize(), 0);
    Workload workload =
        Workload.of(
            architecture,
            training.optimiser().stateValues(),
            training.wireFormat(),
            training.batchSize(),
            training.averagingFrequency());
    var report =
        new PlanReport(
            new CostModel(costs),
            training.recompute() ? workload.recomputed() : workload,
            TrainingMemory.of(
                architecture,
                plan,
                training.optimiser(),
                training.outerOptimiser(),
                training.averages(),
                training.balanceClasses() ? BalancedOrder.heapBytesOf(images) : 0,
                training.memorySavings().get(0)),
            new ClusterShape(1, tasks, taskCpus, network * 1e9 / 8),
            executors,
            images);
    if (experiment.backend().device() == DeviceChoice.CUDA) {
      spec.commandLine()
          .getOut()
          .println("Costs are those of CPU cores: none have been measured of GPUs.");
    }
    report.print(spec.commandLine().getOut());
    if (chart != null) {
      write(report);
    }
    return 0;
  }

  private void write(PlanReport report) {
    try {
      Files.write(chart, report.chart(), StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException since) {
      throw exists();
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be written: %s.", chart, e.getMessage());
    }
    spec.commandLine().getOut().println("Chart: " + chart);
  }

  private DdpmException exists() {
    return DdpmException.user(
        "--chart = %s: is there already; nothing is ever overwritten.", chart);
  }

  private Architecture architecture(ExperimentConfig experiment) {
    var model = experiment.model();
    if (model.height() == 0 || model.width() == 0 || model.imageChannels() == 0) {
      throw DdpmException.user(
          "model.image-channels, model.height and model.width must be set: without a data set there"
              + " is nothing to take them from.");
    }
    return model.architecture(
        new ImageShape(model.height(), model.width(), model.imageChannels()),
        model.classes() == ClassesChoice.NONE ? 0 : classes + 1);
  }
}
