package dev.ddpm.spark.train;

import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.ValidationConfig;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.train.dl4j.AveragedTraining;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.spark.train.round.EpochRows;
import dev.ddpm.spark.train.round.ImageBatch;
import dev.ddpm.spark.train.round.Shuffles;
import dev.ddpm.training.EpochOrder;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;

/**
 * What training keeps on the executors between rounds: the decoded images, as uint8, on disk where
 * memory ends; the held-out ones; and a pool of model replicas.
 */
final class TrainingCluster implements AutoCloseable {
  private final JavaSparkContext spark;
  private final RoundPlan plan;
  private final WireFormat wire;
  private final OuterOptimiser outer;
  private final DataSplit split;
  private final Broadcast<EpochOrder> order;
  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final JavaRDD<ImageRow> rows;
  private final Watch watch;

  /** A cluster with nothing on it yet: everything is read and built where and when it is used. */
  TrainingCluster(ClusterJob job, TrainJob.Prepared prepared, ExperimentConfig experiment) {
    this.spark = job.spark();
    this.plan = prepared.plan();
    this.wire = experiment.training().wireFormat();
    this.outer = experiment.training().outerOptimiser();
    this.split = prepared.split();
    this.order = job.broadcast(prepared.order());
    this.replicas = job.pool(prepared.setup());
    this.rows = prepared.reader().rows(split::isUsable).persist(StorageLevel.MEMORY_AND_DISK());
    this.watch = watch(job, prepared, experiment);
  }

  private Watch watch(ClusterJob job, TrainJob.Prepared prepared, ExperimentConfig experiment) {
    ValidationConfig config = experiment.validation();
    Optional<Validation> validation =
        split.heldOut() == 0 ? Optional.empty() : Optional.of(validation(prepared, job.slots()));
    Optional<DrawnDistance> distance =
        prepared
            .extractor()
            .map(
                extractor ->
                    new DrawnDistance(
                        spark,
                        extractor,
                        validation.orElseThrow(),
                        drawn(
                            job,
                            prepared,
                            experiment,
                            DrawnDistance.STEPS,
                            config.frechetImages())));
    return new Watch(
        config,
        validation,
        distance,
        new ProgressSheet(
            drawn(
                job,
                prepared,
                experiment,
                ProgressSheet.STEPS,
                ProgressSheet.images(prepared.description().classes().count()))));
  }

  private DrawnImages drawn(
      ClusterJob job,
      TrainJob.Prepared prepared,
      ExperimentConfig experiment,
      int steps,
      int images) {
    return new DrawnImages(
        spark, replicas, prepared.description(), experiment.sampling(), steps, images, job.slots());
  }

  private Validation validation(TrainJob.Prepared prepared, int slots) {
    return new Validation(
        spark,
        replicas,
        rows,
        split,
        Math.min(plan.batchSize(), prepared.setup().saving().imagesAtOnce()),
        slots,
        prepared.setup().schedule().steps());
  }

  /** What can be looked at on the way. */
  Watch watch() {
    return watch;
  }

  /**
   * Trains epoch by epoch until the run is finished.
   *
   * @param driver the driver's network, from {@link AveragedTraining#driver}
   */
  void train(TrainingRun run, TrainableNetwork driver) {
    var training =
        new AveragedTraining(
            spark,
            driver,
            plan,
            wire,
            outer,
            replicas,
            run.state(),
            run.roundOfEpoch(),
            run::onRound);
    boolean goOn = true;
    while (goOn) {
      JavaRDD<ImageBatch> epoch = EpochRows.of(rows, split, plan, order, run.epoch());
      goOn = training.epoch(run.epoch(), epoch);
      Shuffles.removeLast(spark, epoch);
    }
  }

  @Override
  public void close() {
    watch.validation().ifPresent(Validation::close);
    rows.unpersist();
  }
}
