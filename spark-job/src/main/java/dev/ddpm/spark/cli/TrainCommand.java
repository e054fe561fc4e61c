package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.cluster.WarmUp;
import dev.ddpm.spark.config.LoadedConfig;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.train.Resume;
import dev.ddpm.spark.train.StartingModel;
import dev.ddpm.spark.train.TrainJob;
import java.util.Optional;
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
      "  ddpm train --config conf/colour-64.conf --data tables/boots --run runs/boots \\",
      "    --from runs/shoes --set training.learning-rate=2e-5",
      "",
      "In the run folder: model/ (the trained model), checkpoints/, metrics.jsonl, loss.png;",
      "with validation.*: best/ and sheets/."
    })
final class TrainCommand implements Callable<Integer>, Resumable {
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

  @Option(
      names = "--from",
      paramLabel = "MODEL",
      description =
          "Start a new run from the weights of this model, a model folder or a run folder, whatever"
              + " its settings; the network must be the same. The model is read once, as the run"
              + " starts.")
  String from;

  @Option(
      names = "--from-weights",
      paramLabel = "WEIGHTS",
      description =
          "With --from: ema, the weights averaged over time, or raw, the last ones. Default: ema.")
  WeightChoice fromWeights;

  @Option(
      names = "--from-moments",
      description =
          "With --from: go on with the optimiser's moments and steps and with the average of the"
              + " weights, in place of new ones.")
  boolean fromMoments;

  @Override
  public Integer call() {
    LoadedConfig configuration = common.load();
    String table = data != null ? data : configuration.experiment().data().table();
    if (table.isEmpty()) {
      throw DdpmException.user("--data is missing, and data.table is not configured either.");
    }
    SparkSession spark = WarmUp.session();
    var out = spec.commandLine().getOut();
    TrainJob.Result result =
        new TrainJob(spark, configuration, table, run, resume, startingModel(), out).run();
    out.println("Model: " + result.model());
    return 0;
  }

  @Override
  public String goingOn() {
    return "the same command%s goes on after the newest checkpoint, or begins again without one"
        .formatted(resume == Resume.NEVER ? ", with --resume auto," : "");
  }

  private Optional<StartingModel> startingModel() {
    if (from == null) {
      if (fromWeights != null || fromMoments) {
        throw DdpmException.user(
            "--from is missing: --from-weights and --from-moments say what to take of its model.");
      }
      return Optional.empty();
    }
    WeightChoice weights = fromWeights == null ? WeightChoice.EMA : fromWeights;
    return Optional.of(new StartingModel(from, weights, fromMoments));
  }
}
