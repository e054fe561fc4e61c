package dev.ddpm.spark.plan;

import dev.ddpm.spark.cluster.Durations;
import dev.ddpm.spark.cluster.MemoryNeeds;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/**
 * The cost of a configuration on clusters of several sizes, as text and as a picture.
 *
 * @param model of the cost
 * @param work of a worker
 * @param memory of driver and executors, for one task at a time
 * @param shape of a machine and its network; its number of executors is not used
 * @param executors the sizes
 * @param images of the data set
 */
public record PlanReport(
    CostModel model,
    Workload work,
    MemoryNeeds memory,
    ClusterShape shape,
    List<Integer> executors,
    long images) {
  private static final double MEGA = 1e6;

  /** As a share of compute. */
  private static final double BEARABLE_OVERHEAD = 0.05;

  /** Prints the table. */
  public void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "Model: %,d parameters, %,.1f MB to a worker and %,.1f MB back, %.2f GFLOP per image"
            + " and step%n",
        work.parameters(),
        work.broadcastBytes() / MEGA,
        work.returnedBytes() / MEGA,
        work.imageFlops() / 1e9);
    out.printf(
        Locale.ROOT,
        "Worker: %d steps of %d images between two averagings, %.3f s a step on %d core(s)%n",
        work.steps(),
        work.batchSize(),
        model.stepSeconds(work, shape.taskCores()),
        shape.taskCores());
    out.printf(
        Locale.ROOT,
        "Memory: driver %,d MB of heap and %,d MB outside; executor of %d task(s) %,d and %,d"
            + " MB%n%n",
        megabytes(memory.driverHeap()),
        megabytes(memory.driverNative()),
        shape.tasks(),
        megabytes(memory.executorHeap() + shape.tasks() * memory.taskHeap()),
        megabytes(shape.tasks() * memory.taskNative()));
    out.println(
        "executors  workers  compute s  broadcast s  average s  driver s  overhead    images/s"
            + "     epoch");
    executors.forEach(count -> out.println(row(count)));
    out.printf(
        Locale.ROOT,
        "%nOverhead is at most %.0f %% from training.averaging-frequency = %d on. Rarer averaging"
            + " learns less from an image:%nspark-job/DISTRIBUTED.md tells how much, and where"
            + " training.outer-momentum helps.%n",
        100 * BEARABLE_OVERHEAD,
        bearableFrequency());
    out.flush();
  }

  /** Steps between two averagings that keep the overhead bearable on all of the clusters. */
  private long bearableFrequency() {
    double worst =
        executors.stream()
            .mapToDouble(count -> model.round(work, cluster(count)).overheadShare())
            .max()
            .orElseThrow();
    return (long) Math.ceil(work.steps() * worst / BEARABLE_OVERHEAD);
  }

  private String row(int count) {
    ClusterShape cluster = cluster(count);
    RoundCost cost = model.round(work, cluster);
    double speed = model.imagesPerSecond(work, cluster);
    return String.format(
        Locale.ROOT,
        "%9d  %7d  %9.2f  %11.2f  %9.2f  %8.2f  %7.1f%%  %10.1f  %8s",
        count,
        cluster.slots(),
        cost.compute(),
        cost.broadcast(),
        cost.average(),
        cost.driver(),
        100 * cost.overheadShare(),
        speed,
        Durations.readable(images / speed));
  }

  /** The chart as a PNG file: efficiency over executors, also for smaller and larger models. */
  public byte[] chart() throws IOException {
    return PlanChart.png(model, work, shape, executors);
  }

  private ClusterShape cluster(int count) {
    return new ClusterShape(count, shape.tasks(), shape.taskCores(), shape.networkBytes());
  }

  private static long megabytes(long bytes) {
    return Math.round(bytes / MEGA);
  }
}
