package dev.ddpm.spark.train.dl4j;

import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.spark.train.round.AveragingRound;
import dev.ddpm.spark.train.round.EpochRows;
import dev.ddpm.spark.train.round.ImageBatch;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.Round;
import dev.ddpm.spark.train.round.RoundListener;
import dev.ddpm.spark.train.round.StepHook;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * DL4J's parameter-averaging master with the parts replaced that lose rows, steps, moments, memory
 * or time: it runs exactly the rounds of a {@link RoundPlan} over one epoch of {@link EpochRows}.
 *
 * <p>What a round is stands in {@link AveragingRound}.
 */
final class AveragingMaster extends ParameterAveragingTrainingMaster {

  private final RoundPlan plan;
  private final AveragingRound rounds;
  private final RoundListener listener;
  private ModelState state;
  private int nextRound;
  private boolean stopped;

  /**
   * A master at the beginning of an epoch or in the middle of one.
   *
   * @param plan who uses what
   * @param wire how states travel
   * @param outer what is made of the averaged weights
   * @param replicas the replicas of every executor
   * @param initial state to start from
   * @param firstRound round of the first epoch to start with
   * @param listener told after every round
   */
  AveragingMaster(
      RoundPlan plan,
      WireFormat wire,
      OuterOptimiser outer,
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
    this.rounds = new AveragingRound(plan, wire, outer, replicas);
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
    JavaRDD<ImageBatch> images = epochRows.map(ImageMinibatch::imagesOf);
    for (; nextRound < plan.rounds() && !stopped; nextRound++) {
      spark.setJobGroup(
          "train", "Epoch %d, round %d of %d".formatted(epoch, nextRound, plan.rounds()));
      Round round = rounds.run(spark, epoch, nextRound, state, images, hook());
      state = round.state();
      stopped = !listener.onRound(round);
    }
    nextRound = 0;
  }

  private StepHook hook() {
    return new Hooks(trainingHookList == null ? List.of() : List.copyOf(trainingHookList));
  }
}
