package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.LoadedConfig;
import dev.ddpm.spark.train.Resume;
import dev.ddpm.spark.train.TrainJob;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm train}: trains a model on an image table. */
@Command(
    name = "train",
    description =
        "Trains a model on an image table, by parameter averaging over the task slots of the"
            + " cluster. If the same command is run again, it goes on after the newest checkpoint.",
    footer = {
      "",
      "Examples:",
      "  ddpm train --config conf/fashion-mnist.conf --data spark-job/data/fashion-mnist-10k \\",
      "    --run runs/fashion-mnist",
      "  ddpm train --config conf/labml.conf --data hdfs:///images/celeba --run hdfs:///runs/celeba"
          + " \\",
      "    --set training.epochs=20 --set training.averaging-frequency=8",
      "",
      "In the run folder: model/ (the trained model), checkpoints/, metrics.jsonl, loss.png;",
      "with validation.*: best/ and sheets/."
    })
final class TrainCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin CommonOptions common;

  @Option(
      names = "--data",
      paramLabel = "TABLE",
      description = "Image table, as 'ingest' writes it. Default: data.table of the configuration.")
  String data;

  @Option(
      names = "--run",
      paramLabel = "FOLDER",
      required = true,
      description = "Run folder: a new one, or one in which to go on.")
  String run;

  @Option(
      names = "--resume",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description =
          "auto: go on after the newest complete checkpoint, if there is one; never: the folder"
              + " must be new; require: there must be one. Default: ${DEFAULT-VALUE}.")
  Resume resume;

  @Override
  public Integer call() {
    LoadedConfig configuration = common.load();
    String table = data != null ? data : configuration.experiment().data().table();
    if (table.isEmpty()) {
      throw DdpmException.user("--data is missing, and data.table is not configured either.");
    }
    SparkSession spark = SparkSession.builder().getOrCreate();
    var out = spec.commandLine().getOut();
    TrainJob.Result result = new TrainJob(spark, configuration, table, run, resume, out).run();
    out.println("Model: " + result.model());
    return 0;
  }
}
