package dev.ddpm.spark.cluster;

/**
 * The memory that a job takes, in bytes.
 *
 * @param driverHeap on the driver's Java heap
 * @param driverNative outside of it
 * @param executorHeap on the Java heap of each executor, whatever runs there
 * @param taskHeap the same, for each task that runs at a time, of {@code heapTasks} at the most
 * @param taskNative outside of the heap, or on the card that computes, for each task that runs at a
 *     time
 * @param result what the tasks of one Spark job return to the driver together
 * @param batchKey key of the configuration by which {@code taskNative} grows; empty if no value of
 *     it would do
 * @param engines networks of a task that compute with memory of their own
 * @param heapTasks tasks of the job that take {@code taskHeap}; others take none of note
 */
public record MemoryNeeds(
    long driverHeap,
    long driverNative,
    long executorHeap,
    long taskHeap,
    long taskNative,
    long result,
    String batchKey,
    int engines,
    int heapTasks) {
  /** Java heap that Spark and its own caches need at the least. */
  public static final long SPARK_HEAP = 300L << 20;

  /** For {@code heapTasks}: as many as run at a time. */
  public static final int ALL_TASKS = Integer.MAX_VALUE;

  /** With one network in a task, and all tasks alike. */
  public MemoryNeeds(
      long driverHeap,
      long driverNative,
      long executorHeap,
      long taskHeap,
      long taskNative,
      long result,
      String batchKey) {
    this(
        driverHeap,
        driverNative,
        executorHeap,
        taskHeap,
        taskNative,
        result,
        batchKey,
        1,
        ALL_TASKS);
  }
}
