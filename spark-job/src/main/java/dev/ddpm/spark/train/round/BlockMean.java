package dev.ddpm.spark.train.round;

import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.rdd.ShuffledRDD;
import scala.Tuple2;
import scala.math.Ordering;
import scala.reflect.ClassTag;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * The mean of the workers' states, weighted by the images each has used.
 *
 * <p>Every worker cuts its state into blocks; all blocks of one range meet in one reducer, which
 * adds them in the order of the workers. So the driver receives one full state however many workers
 * there are, and the result does not depend on which worker finished first or ran where.
 */
public final class BlockMean {
  /**
   * Values per block: 1 MiB, small against a state and large against the cost of a record. With the
   * array's header just below it: G1 gives large arrays whole regions, another one for 16 bytes.
   */
  public static final int BLOCK = (1 << 18) - 4;

  /** Blocks that a reducer returns at the most, so that the driver never holds all of them. */
  public static final int RETURNED = 64;

  private BlockMean() {}

  /** One worker's values of one block, with its weight; the first block carries the statistics. */
  public record Contribution(long weight, WireFloats values, List<WorkerStats> stats) {}

  /** The averaged values of one block, and the statistics that came with it. */
  public record Block(int index, WireFloats values, List<WorkerStats> stats)
      implements Serializable {}

  /** Orders contributions by block, then by worker. */
  public record Key(int block, int worker) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      return block != other.block
          ? Integer.compare(block, other.block)
          : Integer.compare(worker, other.worker);
    }
  }

  /** The blocks of one worker's state; they and their mean travel in the format. */
  static Iterator<Tuple2<Key, Contribution>> contributions(
      ModelState state, WorkerStats stats, WireFormat wire) {
    int blocks = blocks(state.size());
    return new Iterator<>() {
      private int block;

      @Override
      public boolean hasNext() {
        return block < blocks;
      }

      @Override
      public Tuple2<Key, Contribution> next() {
        int from = block * BLOCK;
        WireFloats values = state.slice(from, Math.min(BLOCK, state.size() - from), wire);
        var key = new Key(block, stats.worker());
        List<WorkerStats> carried = block == 0 ? List.of(stats) : List.of();
        block++;
        return new Tuple2<>(key, new Contribution(stats.rows(), values, carried));
      }
    };
  }

  /** Number of blocks of a state of that many values. */
  static int blocks(int size) {
    return (size + BLOCK - 1) / BLOCK;
  }

  /** Tasks that add: one per worker, but none with more than a few blocks to return at once. */
  static int reducers(int workers, int size) {
    int blocks = blocks(size);
    return Math.min(blocks, Math.max(workers, (blocks + RETURNED - 1) / RETURNED));
  }

  /** Averages the contributions of all workers, block by block. */
  static JavaRDD<Block> of(JavaPairRDD<Key, Contribution> contributions, int reducers) {
    ClassTag<Key> key = ClassTag.apply(Key.class);
    ClassTag<Contribution> value = ClassTag.apply(Contribution.class);
    return new ShuffledRDD<>(contributions.rdd(), new ByBlock(reducers), key, value, value)
        .setKeyOrdering(Ordering.comparatorToOrdering(Comparator.<Key>naturalOrder()))
        .setSerializer(new ContributionSerializer())
        .toJavaRDD()
        .mapPartitions(new Reduce());
  }

  /**
   * Runs the job, and hands the blocks over as they arrive, one after the other: the driver holds
   * those of a few reducers at a time.
   */
  static void collect(JavaRDD<Block> mean, Consumer<Block> taker) {
    ClassTag<List<Block>> blocks = ClassTag.apply(List.class);
    mean.context().runJob(mean.rdd(), new ToList(), new Handover(taker), blocks);
  }

  private static final class ToList
      extends AbstractFunction1<scala.collection.Iterator<Block>, List<Block>>
      implements Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public List<Block> apply(scala.collection.Iterator<Block> blocks) {
      List<Block> list = new ArrayList<>();
      while (blocks.hasNext()) {
        list.add(blocks.next());
      }
      return list;
    }
  }

  private static final class Handover extends AbstractFunction2<Object, List<Block>, BoxedUnit> {
    private final Consumer<Block> taker;

    Handover(Consumer<Block> taker) {
      this.taker = taker;
    }

    @Override
    public BoxedUnit apply(Object partition, List<Block> blocks) {
      blocks.forEach(taker);
      return BoxedUnit.UNIT;
    }
  }

  /** All contributions to a block go to the same reducer. */
  private static final class ByBlock extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final int reducers;

    ByBlock(int reducers) {
      this.reducers = reducers;
    }

    @Override
    public int numPartitions() {
      return reducers;
    }

    @Override
    public int getPartition(Object key) {
      return ((Key) key).block() % reducers;
    }
  }

  private static final class Reduce
      implements FlatMapFunction<Iterator<Tuple2<Key, Contribution>>, Block> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<Block> call(Iterator<Tuple2<Key, Contribution>> sorted) {
      List<Block> blocks = new ArrayList<>();
      double[] buffer = new double[BLOCK];
      Sum sum = null;
      while (sorted.hasNext()) {
        Tuple2<Key, Contribution> next = sorted.next();
        int block = next._1().block();
        if (sum != null && sum.index == block) {
          sum.add(next._2());
        } else {
          if (sum != null) {
            blocks.add(sum.mean());
          }
          sum = new Sum(block, next._2(), buffer);
        }
      }
      if (sum != null) {
        blocks.add(sum.mean());
      }
      return blocks.iterator();
    }
  }

  /**
   * A weighted sum in float64, so that the mean of equal values is that value, to the bit: also by
   * multiplication, which is faster than division and off by less than a float32 shows.
   */
  private static final class Sum {
    private final int index;
    private final WireFormat wire;
    private final int length;
    private final double[] sum;
    private final List<WorkerStats> stats = new ArrayList<>();
    private long weight;

    /** A sum of one contribution, in a buffer that serves one sum at a time. */
    Sum(int index, Contribution first, double[] buffer) {
      float[] values = first.values().values();
      this.index = index;
      this.wire = first.values().format();
      this.length = values.length;
      this.sum = buffer;
      for (int i = 0; i < length; i++) {
        sum[i] = (double) first.weight() * values[i];
      }
      count(first);
    }

    void add(Contribution contribution) {
      float[] values = contribution.values().values();
      for (int i = 0; i < length; i++) {
        sum[i] += (double) contribution.weight() * values[i];
      }
      count(contribution);
    }

    private void count(Contribution contribution) {
      weight += contribution.weight();
      stats.addAll(contribution.stats());
    }

    Block mean() {
      float[] mean = new float[length];
      double share = 1.0 / weight;
      for (int i = 0; i < length; i++) {
        mean[i] = (float) (sum[i] * share);
      }
      return new Block(index, new WireFloats(mean, wire), List.copyOf(stats));
    }
  }
}
