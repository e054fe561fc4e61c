package dev.ddpm.spark.train.dl4j;

import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.spark.train.round.ArrivingMean;
import dev.ddpm.spark.train.round.BlockMean;
import dev.ddpm.spark.train.round.EpochRows;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.Round;
import dev.ddpm.spark.train.round.RoundListener;
import dev.ddpm.spark.train.round.RoundRows;
import dev.ddpm.spark.train.round.Shuffles;
import dev.ddpm.spark.train.round.WorkerStats;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import scala.Tuple2;

/**
 * DL4J's parameter-averaging master with the parts replaced that lose rows, steps, moments, memory
 * or time: it runs exactly the rounds of a {@link RoundPlan} over one epoch of {@link EpochRows}.
 *
 * <p>A round: broadcast the state; every worker makes its steps; {@link BlockMean} averages what
 * they return; the broadcast and the round's shuffle are removed; the listener is told. A round in
 * which a loss or a weight was not finite is not applied: the state stays that before it.
 */
final class AveragingMaster extends ParameterAveragingTrainingMaster {

  private final RoundPlan plan;
  private final WireFormat wire;
  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final RoundListener listener;
  private ModelState state;
  private int nextRound;
  private boolean stopped;

  /**
   * A master.
   *
   * @param plan who uses what
   * @param wire how states travel: in a format that is not exact workers return what the round has
   *     changed in the weights, for which few bits are enough, instead of the weights
   * @param replicas the replicas of every executor
   * @param initial state to start from
   * @param firstRound round of the first epoch to start with
   * @param listener told after every round
   */
  AveragingMaster(
      RoundPlan plan,
      WireFormat wire,
      Broadcast<ExecutorPool<Replica>> replicas,
      ModelState initial,
      int firstRound,
      RoundListener listener) {
    super(
        new Builder(plan.workers(), 1)
            .batchSizePerWorker(plan.batchSize())
            .averagingFrequency(plan.averagingFrequency())
            .saveUpdater(true));
    this.plan = plan;
    this.wire = wire;
    this.replicas = replicas;
    this.state = initial;
    this.nextRound = firstRound;
    this.listener = listener;
  }

  /** Whether the listener has asked to stop. */
  boolean stopped() {
    return stopped;
  }

  /**
   * Trains one epoch.
   *
   * @param graph the network; its epoch counter is the number of the epoch
   * @param epochRows rows in the partitions that {@link EpochRows} makes
   */
  @Override
  public void executeTrainingMDS(SparkComputationGraph graph, JavaRDD<MultiDataSet> epochRows) {
    long epoch = graph.getNetwork().getConfiguration().getEpochCount();
    JavaSparkContext spark = graph.getSparkContext();
    for (; nextRound < plan.rounds() && !stopped; nextRound++) {
      spark.setJobGroup(
          "train", "Epoch %d, round %d of %d".formatted(epoch, nextRound, plan.rounds()));
      Round round = run(spark, epoch, RoundRows.of(epochRows, nextRound, plan.workers()));
      stopped = !listener.onRound(round);
    }
    nextRound = 0;
  }

  private Round run(JavaSparkContext spark, long epoch, JavaRDD<MultiDataSet> rows) {
    long start = System.nanoTime();
    long before = state.step();
    Broadcast<ModelState> initial = spark.broadcast(state.withUpdaterIn(wire));
    try {
      JavaPairRDD<BlockMean.Key, BlockMean.Contribution> contributions =
          rows.mapPartitionsWithIndex(
                  new WorkerTask(wire, replicas, initial, epoch, hooks()), false)
              .mapToPair(contribution -> contribution);
      JavaRDD<BlockMean.Block> mean =
          BlockMean.of(contributions, BlockMean.reducers(plan.workers(), state.size()));
      var arriving = new ArrivingMean(state, plan.stepsIn(nextRound));
      BlockMean.collect(mean, arriving);
      Shuffles.removeLast(spark, mean);
      List<WorkerStats> stats = arriving.stats(plan.rowsIn(nextRound));
      if (stats.stream().allMatch(WorkerStats::finite)) {
        state = arriving.state(wire);
      }
      int steps = (int) (state.step() - before);
      return new Round(epoch, nextRound, state, steps, stats, System.nanoTime() - start);
    } finally {
      initial.destroy();
    }
  }

  private List<TrainingHook> hooks() {
    return trainingHookList == null ? List.of() : List.copyOf(trainingHookList);
  }

  /** Runs one worker in a task and cuts its state into blocks. */
  private record WorkerTask(
      WireFormat wire,
      Broadcast<ExecutorPool<Replica>> replicas,
      Broadcast<ModelState> initial,
      long epoch,
      List<TrainingHook> hooks)
      implements org.apache.spark.api.java.function.Function2<
          Integer,
          Iterator<MultiDataSet>,
          Iterator<Tuple2<BlockMean.Key, BlockMean.Contribution>>> {

    @Override
    public Iterator<Tuple2<BlockMean.Key, BlockMean.Contribution>> call(
        Integer number, Iterator<MultiDataSet> minibatches) {
      if (!minibatches.hasNext()) {
        return Collections.emptyIterator();
      }
      RoundResult result =
          new AveragingWorker(replicas, initial, epoch, number, hooks).run(minibatches);
      ModelState arrived = result.state();
      if (!wire.isExact()) {
        arrived.subtract(initial.value().parameters());
      }
      return BlockMean.contributions(arrived, result.stats(), wire);
    }
  }
}
