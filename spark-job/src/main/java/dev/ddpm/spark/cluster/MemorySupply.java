package dev.ddpm.spark.cluster;

import dev.ddpm.backend.nd4j.Nd4jNatives;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.network.util.JavaUtils;

/**
 * The memory that driver and executors may take, in bytes, as they are configured.
 *
 * @param local whether driver and executor are one JVM, that of the driver
 * @param tasks tasks that an executor runs at a time
 * @param driverHeap the driver's Java heap
 * @param driverNative what it may take outside of it
 * @param executorHeap the Java heap of an executor
 * @param executorNative what it may take outside of it
 * @param maxResult what the driver accepts from the tasks of one Spark job
 * @param cards those that networks will be on
 * @param onCpus whether some networks are outside of executors' heaps, and not on cards
 */
record MemorySupply(
    boolean local,
    int tasks,
    long driverHeap,
    long driverNative,
    long executorHeap,
    long executorNative,
    long maxResult,
    List<CardRoom> cards,
    boolean onCpus) {

  private static final Pattern PHYSICAL_LIMIT =
      Pattern.compile("-Dorg\\.bytedeco\\.javacpp\\.maxphysicalbytes=(\\S+)");
  private static final long MINIMUM_OVERHEAD = 384L << 20;

  /** The supply of a running application. */
  static MemorySupply of(JavaSparkContext spark, RuntimeCheck.Found found) {
    int executors = Math.max(1, spark.sc().statusTracker().getExecutorInfos().length - 1);
    return of(spark, (found.slots() + executors - 1) / executors)
        .with(found.cards(), found.onCpus());
  }

  /** The supply of a running application, as far as its driver is concerned. */
  static MemorySupply ofDriver(JavaSparkContext spark) {
    return of(spark, 1);
  }

  private static MemorySupply of(JavaSparkContext spark, int tasks) {
    long heap = Runtime.getRuntime().maxMemory();
    return of(spark.getConf(), tasks, heap, Nd4jNatives.maxPhysicalBytes());
  }

  /** The same where networks are on these cards, and on CPUs or not. */
  MemorySupply with(List<CardRoom> rooms, boolean alsoOnCpus) {
    return new MemorySupply(
        local,
        tasks,
        driverHeap,
        driverNative,
        executorHeap,
        executorNative,
        maxResult,
        rooms,
        alsoOnCpus);
  }

  /**
   * The supply of a configuration, with networks on CPUs.
   *
   * @param tasks tasks that an executor runs at a time
   * @param driverHeap heap of this JVM
   * @param driverPhysical bound of this JVM's whole memory; 0 for none
   */
  static MemorySupply of(SparkConf conf, int tasks, long driverHeap, long driverPhysical) {
    String master = conf.get("spark.master", "");
    long heap = conf.getSizeAsBytes("spark.executor.memory", "1g");
    long outside = beside(heap, physicalLimit(conf, heap));
    if (master.startsWith("yarn") || master.startsWith("k8s")) {
      outside = Math.min(outside, overhead(conf, heap));
    }
    long maxResult = conf.getSizeAsBytes("spark.driver.maxResultSize", "1g");
    return new MemorySupply(
        master.matches("local(\\[.*])?"),
        tasks,
        driverHeap,
        beside(driverHeap, driverPhysical),
        heap,
        outside,
        maxResult == 0 ? Long.MAX_VALUE : maxResult,
        List.of(),
        true);
  }

  private static long beside(long heap, long physical) {
    return physical == 0 ? Long.MAX_VALUE : Math.max(0, physical - heap);
  }

  /**
   * JavaCPP's bound of a process that sets none is four heaps; of several options a JVM takes the
   * last.
   */
  private static long physicalLimit(SparkConf conf, long heap) {
    return PHYSICAL_LIMIT
        .matcher(
            conf.get("spark.executor.defaultJavaOptions", "")
                + " "
                + conf.get("spark.executor.extraJavaOptions", ""))
        .results()
        .reduce((earlier, later) -> later)
        .map(option -> JavaUtils.byteStringAsBytes(option.group(1)))
        .orElse(4 * heap);
  }

  /** Spark's rule for what a container has beside the heap. */
  private static long overhead(SparkConf conf, long heap) {
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    return conf.contains("spark.executor.memoryOverhead")
        ? conf.getSizeAsMb("spark.executor.memoryOverhead") << 20
        : Math.max(MINIMUM_OVERHEAD, (long) (factor * heap));
  }
}
