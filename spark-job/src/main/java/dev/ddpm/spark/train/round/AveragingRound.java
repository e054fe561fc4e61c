package dev.ddpm.spark.train.round;

import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Makes rounds: broadcasts the state, has every worker make its steps, averages what they return by
 * {@link BlockMean}, makes the next state of it, and removes the broadcast and the round's shuffle.
 * A round in which a loss or a weight was not finite is not applied: the state stays that before
 * it.
 *
 * @param plan who uses what
 * @param wire how states travel: in a format that is not exact workers return what the round has
 *     changed in the weights, for which few bits are enough, instead of the weights
 * @param outer what is made of the averaged weights
 * @param replicas the replicas of every executor
 */
public record AveragingRound(
    RoundPlan plan,
    WireFormat wire,
    OuterOptimiser outer,
    Broadcast<ExecutorPool<Replica>> replicas) {

  /**
   * Makes a round.
   *
   * @param epoch number of the epoch
   * @param number of the round within the epoch
   * @param start state before the round; its momentum belongs to the rounds, which move it on
   * @param epochRows the images of the epoch, in the partitions that {@link EpochRows} makes
   * @param hook told around every optimiser step
   */
  public Round run(
      JavaSparkContext spark,
      long epoch,
      int number,
      ModelState start,
      JavaRDD<ImageBatch> epochRows,
      StepHook hook) {
    long begin = System.nanoTime();
    Broadcast<ModelState> initial = spark.broadcast(start.forWorkers(wire));
    try {
      JavaPairRDD<BlockMean.Key, BlockMean.Contribution> contributions =
          RoundRows.of(epochRows, number, plan.workers())
              .mapPartitionsWithIndex(new WorkerTask(wire, replicas, initial, hook), false)
              .mapToPair(contribution -> contribution);
      JavaRDD<BlockMean.Block> mean =
          BlockMean.of(contributions, BlockMean.reducers(plan.workers(), start.size()));
      var arriving = new ArrivingMean(start, plan.stepsIn(number));
      BlockMean.collect(mean, arriving);
      Shuffles.removeLast(spark, mean);
      List<WorkerStats> stats = arriving.stats(plan.rowsIn(number));
      boolean applied = stats.stream().allMatch(WorkerStats::finite);
      ModelState state = applied ? arriving.state(wire, outer) : start;
      int steps = (int) (state.step() - start.step());
      return new Round(epoch, number, state, steps, stats, System.nanoTime() - begin);
    } finally {
      initial.destroy();
    }
  }

  /** Runs one worker in a task and cuts its state into blocks. */
  private record WorkerTask(
      WireFormat wire,
      Broadcast<ExecutorPool<Replica>> replicas,
      Broadcast<ModelState> initial,
      StepHook hook)
      implements Function2<
          Integer, Iterator<ImageBatch>, Iterator<Tuple2<BlockMean.Key, BlockMean.Contribution>>> {

    @Override
    public Iterator<Tuple2<BlockMean.Key, BlockMean.Contribution>> call(
        Integer number, Iterator<ImageBatch> batches) {
      if (!batches.hasNext()) {
        return Collections.emptyIterator();
      }
      RoundWorker.Result result =
          new RoundWorker(number, hook).run(replicas.value(), initial, batches);
      ModelState arrived = result.state();
      if (!wire.isExact()) {
        arrived.subtract(initial.value().parameters());
      }
      return BlockMean.contributions(arrived, result.stats(), wire);
    }
  }
}
