package dev.ddpm.spark.ingest;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/** Divides files among tasks: enough tasks for all slots, and no more than they are worth. */
final class FilePartitions {
  /** How many bytes could be read in the time that it takes to open a file. */
  private static final long OPEN_COST = 1L << 16;

  /** Tasks per slot, so that slots that are done first help the others. */
  private static final long TASKS_PER_SLOT = 4;

  private FilePartitions() {}

  /**
   * Cuts a list of files into runs that are about equally long to read, each of at most {@code
   * spark.sql.files.maxPartitionBytes}.
   */
  static List<List<String>> of(SparkSession spark, List<FolderFile> files) {
    long total = files.stream().mapToLong(file -> file.bytes() + OPEN_COST).sum();
    long tasks = TASKS_PER_SLOT * Math.max(1, spark.sparkContext().defaultParallelism());
    long limit = Math.min(spark.sessionState().conf().filesMaxPartitionBytes(), total / tasks);
    List<List<String>> runs = new ArrayList<>();
    List<String> run = new ArrayList<>();
    long bytes = 0;
    for (FolderFile file : files) {
      long cost = file.bytes() + OPEN_COST;
      if (!run.isEmpty() && bytes + cost > limit) {
        runs.add(run);
        run = new ArrayList<>();
        bytes = 0;
      }
      run.add(file.name());
      bytes += cost;
    }
    if (!run.isEmpty()) {
      runs.add(run);
    }
    return runs;
  }
}
