package dev.ddpm.spark.train;

import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.spark.train.round.ImageBatch;
import dev.ddpm.training.LossByTimestep;
import dev.ddpm.training.Replica;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * The loss of the held-out images, computed on the cluster; that of a network with classes, as the
 * images are labelled.
 *
 * <p>They are cut into minibatches once, always the same, and the driver adds up the results in
 * their order: the loss of given weights is the same to the bit whoever computes it.
 */
final class Validation implements AutoCloseable {
  private final JavaSparkContext spark;
  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final int timesteps;
  private final JavaPairRDD<Long, ImageBatch> minibatches;

  /**
   * Prepares the held-out images, which are read at the first use.
   *
   * @param rows the images of the table that can be used
   * @param split which of them are held out
   * @param batchSize images per minibatch
   * @param slots tasks to use at most
   * @param timesteps number of timesteps T
   */
  Validation(
      JavaSparkContext spark,
      Broadcast<ExecutorPool<Replica>> replicas,
      JavaRDD<ImageRow> rows,
      DataSplit split,
      int batchSize,
      int slots,
      int timesteps) {
    this.spark = spark;
    this.replicas = replicas;
    this.timesteps = timesteps;
    long batches = (split.heldOut() + batchSize - 1) / batchSize;
    this.minibatches =
        rows.filter(row -> split.heldOutRow(row.id()).isPresent())
            .mapToPair(row -> new Tuple2<>(split.heldOutRow(row.id()).getAsLong(), row))
            .repartitionAndSortWithinPartitions(
                new ByBatch((int) Math.min(batches, slots), batchSize))
            .mapPartitionsToPair(sorted -> new Batches(batchSize, sorted))
            .persist(StorageLevel.MEMORY_AND_DISK());
  }

  /** The losses of the held-out images under given weights. */
  LossByTimestep of(WireFloats weights) {
    Broadcast<WireFloats> sent = spark.broadcast(weights);
    Broadcast<ExecutorPool<Replica>> pool = replicas;
    int steps = timesteps;
    try {
      List<Tuple2<Long, LossByTimestep>> parts =
          minibatches
              .mapPartitions(batches -> evaluate(pool.value(), sent.value(), steps, batches))
              .collect();
      LossByTimestep all = new LossByTimestep(timesteps);
      parts.stream()
          .sorted(Comparator.comparingLong(part -> part._1()))
          .forEach(part -> all.add(part._2()));
      return all;
    } finally {
      sent.destroy();
    }
  }

  /** What comes of the images of each minibatch, given as unsigned bytes, in their order. */
  <T> List<T> map(DrawnImages.Uses<T> uses) {
    return minibatches.mapPartitions(batches -> used(uses, batches)).collect().stream()
        .sorted(Comparator.comparingLong(Tuple2::_1))
        .map(Tuple2::_2)
        .toList();
  }

  private static <T> Iterator<Tuple2<Long, T>> used(
      DrawnImages.Uses<T> uses, Iterator<Tuple2<Long, ImageBatch>> batches) {
    List<Tuple2<Long, T>> results = new ArrayList<>();
    try (DrawnImages.Use<T> use = uses.open()) {
      while (batches.hasNext()) {
        Tuple2<Long, ImageBatch> batch = batches.next();
        results.add(new Tuple2<>(batch._1(), use.of(Arrays.asList(batch._2().pixels()))));
      }
    }
    return results.iterator();
  }

  private static Iterator<Tuple2<Long, LossByTimestep>> evaluate(
      ExecutorPool<Replica> replicas,
      WireFloats weights,
      int timesteps,
      Iterator<Tuple2<Long, ImageBatch>> batches) {
    return replicas.use(replica -> evaluate(replica, weights, timesteps, batches)).iterator();
  }

  private static List<Tuple2<Long, LossByTimestep>> evaluate(
      Replica replica,
      WireFloats weights,
      int timesteps,
      Iterator<Tuple2<Long, ImageBatch>> batches) {
    replica.network().setParameters(weights.values());
    List<Tuple2<Long, LossByTimestep>> losses = new ArrayList<>();
    while (batches.hasNext()) {
      Tuple2<Long, ImageBatch> batch = batches.next();
      var loss = new LossByTimestep(timesteps);
      ImageBatch images = batch._2();
      replica.evaluate(images.ids(), images.pixels(), images.labels(), loss);
      losses.add(new Tuple2<>(batch._1(), loss));
    }
    return losses;
  }

  @Override
  public void close() {
    minibatches.unpersist();
  }

  /** Whole minibatches go to a partition. */
  private static final class ByBatch extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final int partitions;
    private final int batchSize;

    ByBatch(int partitions, int batchSize) {
      this.partitions = partitions;
      this.batchSize = batchSize;
    }

    @Override
    public int numPartitions() {
      return partitions;
    }

    @Override
    public int getPartition(Object row) {
      return (int) ((Long) row / batchSize % partitions);
    }
  }

  /** Cuts sorted rows into minibatches, each with its number. */
  private static final class Batches implements Iterator<Tuple2<Long, ImageBatch>> {
    private final int batchSize;
    private final Iterator<Tuple2<Long, ImageRow>> sorted;
    private Tuple2<Long, ImageRow> next;

    Batches(int batchSize, Iterator<Tuple2<Long, ImageRow>> sorted) {
      this.batchSize = batchSize;
      this.sorted = sorted;
      this.next = sorted.hasNext() ? sorted.next() : null;
    }

    @Override
    public boolean hasNext() {
      return next != null;
    }

    @Override
    public Tuple2<Long, ImageBatch> next() {
      long number = next._1() / batchSize;
      List<ImageRow> rows = new ArrayList<>(batchSize);
      while (next != null && next._1() / batchSize == number) {
        rows.add(next._2());
        next = sorted.hasNext() ? sorted.next() : null;
      }
      return new Tuple2<>(
          number,
          new ImageBatch(
              new int[rows.size()],
              rows.stream().mapToLong(ImageRow::id).toArray(),
              rows.stream().map(ImageRow::pixels).toArray(byte[][]::new),
              rows.stream().mapToInt(ImageRow::labelNumber).toArray()));
    }
  }
}
