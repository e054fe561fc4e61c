package dev.ddpm.spark.train.round;

import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.training.OuterOptimiser;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** The mean of a round, as its blocks arrive in any order, and the statistics that come along. */
final class ArrivingMean implements Consumer<BlockMean.Block> {
  private final ModelState start;
  private final ModelState mean;
  private final List<WorkerStats> stats = new ArrayList<>();
  private int blocks;

  /**
   * A mean of which nothing has arrived.
   *
   * @param start state before the round
   * @param steps of the round
   */
  ArrivingMean(ModelState start, int steps) {
    this.start = start;
    this.mean =
        new ModelState(
            new WireFloats(new float[start.parameters().values().length]),
            new WireFloats(new float[start.updater().values().length]),
            start.momentum(),
            start.step() + steps);
  }

  @Override
  public void accept(BlockMean.Block block) {
    mean.set(block.index() * BlockMean.BLOCK, block.values().values());
    stats.addAll(block.stats());
    blocks++;
  }

  /**
   * What each worker did, by number.
   *
   * @param rows of the plan
   * @throws IllegalStateException if not all of it was done, or blocks are missing
   */
  List<WorkerStats> stats(long rows) {
    long seen = stats.stream().mapToLong(worker -> worker.rows() + worker.skipped()).sum();
    int planned = BlockMean.blocks(start.size());
    if (seen != rows || blocks != planned) {
      throw new IllegalStateException(
          "A round saw %d rows and returned %d blocks; planned were %d rows and %d blocks."
              .formatted(seen, blocks, rows, planned));
    }
    return stats.stream().sorted(Comparator.comparingInt(WorkerStats::worker)).toList();
  }

  /** The state after the round, for which the start's momentum is moved on; call it once. */
  ModelState state(WireFormat wire, OuterOptimiser outer) {
    if (!wire.isExact()) {
      mean.add(start.parameters());
    }
    outer.step(start.parameters().values(), mean.parameters().values(), mean.momentum().values());
    return mean;
  }
}
