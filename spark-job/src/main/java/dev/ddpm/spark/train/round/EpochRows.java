package dev.ddpm.spark.train.round;

import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.training.EpochOrder;
import dev.ddpm.training.RoundPlan;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * The rows of one epoch, dealt out as a {@link RoundPlan} says: partition {@code round · workers +
 * worker} holds the minibatches of that worker in that round, in the order of its steps. One
 * shuffle per epoch; a round then reads only its own partitions.
 */
public final class EpochRows {
  private EpochRows() {}

  /**
   * Deals out an epoch.
   *
   * @param rows the images of the table that can be used
   * @param split which of the rows are trained on
   * @param plan who uses what of them
   * @param order which of them stands where in an epoch
   * @param epoch number of the epoch
   */
  public static JavaRDD<ImageBatch> of(
      JavaRDD<ImageRow> rows,
      DataSplit split,
      RoundPlan plan,
      Broadcast<? extends EpochOrder> order,
      long epoch) {
    return rows.filter(row -> split.trainingRow(row.id()).isPresent())
        .flatMapToPair(row -> positioned(order.value(), epoch, split, row))
        .repartitionAndSortWithinPartitions(new ByRoundAndWorker(plan))
        .mapPartitionsWithIndex(
            (partition, sorted) ->
                new Minibatches(
                    plan,
                    order.value(),
                    epoch,
                    partition / plan.workers(),
                    partition % plan.workers(),
                    sorted),
            true);
  }

  /** Puts the position of each of its uses before a row. */
  private static Iterator<Tuple2<Long, ImageRow>> positioned(
      EpochOrder order, long epoch, DataSplit split, ImageRow row) {
    return order
        .positions(epoch, split.trainingRow(row.id()).getAsLong(), row.labelNumber())
        .mapToObj(position -> new Tuple2<>(position, row))
        .iterator();
  }

  private static final class ByRoundAndWorker extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final RoundPlan plan;

    ByRoundAndWorker(RoundPlan plan) {
      this.plan = plan;
    }

    @Override
    public int numPartitions() {
      return plan.rounds() * plan.workers();
    }

    @Override
    public int getPartition(Object position) {
      RoundPlan.Slot slot = plan.slot((Long) position);
      return slot.round() * plan.workers() + slot.worker();
    }
  }

  /** Cuts a worker's rows into its steps, and checks that they are the rows of the plan. */
  private static final class Minibatches implements Iterator<ImageBatch> {
    private final RoundPlan plan;
    private final EpochOrder order;
    private final long epoch;
    private final int round;
    private final int worker;
    private final Iterator<Tuple2<Long, ImageRow>> sorted;
    private int step;

    Minibatches(
        RoundPlan plan,
        EpochOrder order,
        long epoch,
        int round,
        int worker,
        Iterator<Tuple2<Long, ImageRow>> sorted) {
      this.plan = plan;
      this.order = order;
      this.epoch = epoch;
      this.round = round;
      this.worker = worker;
      this.sorted = sorted;
    }

    @Override
    public boolean hasNext() {
      return step < plan.stepsIn(round)
          && plan.batchStart(round, worker, step) < plan.batchEnd(round, worker, step);
    }

    @Override
    public ImageBatch next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      long start = plan.batchStart(round, worker, step);
      int size = (int) (plan.batchEnd(round, worker, step) - start);
      int[] uses = new int[size];
      long[] ids = new long[size];
      byte[][] pixels = new byte[size][];
      int[] labels = new int[size];
      for (int i = 0; i < size; i++) {
        if (!sorted.hasNext()) {
          throw new IllegalStateException(
              "Round %d, worker %d, step %d: the row at position %d is missing."
                  .formatted(round, worker, step, start + i));
        }
        Tuple2<Long, ImageRow> row = sorted.next();
        if (row._1() != start + i) {
          throw new IllegalStateException(
              "Round %d, worker %d, step %d: expected the row at position %d, found %d."
                  .formatted(round, worker, step, start + i, row._1()));
        }
        ids[i] = row._2().id();
        pixels[i] = row._2().pixels();
        labels[i] = row._2().labelNumber();
        uses[i] = order.use(epoch, start + i, labels[i]);
      }
      step++;
      return new ImageBatch(uses, ids, pixels, labels);
    }
  }
}
