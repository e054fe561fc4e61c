package dev.ddpm.spark.ingest;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.internal.SQLConf;

/**
 * Divides files among tasks as Spark's own readers of files do, and by the same settings: {@code
 * spark.sql.files.maxPartitionBytes} and {@code spark.sql.files.openCostInBytes}.
 */
final class FilePartitions {
  private FilePartitions() {}

  /** Cuts a list of files into runs that are about equally long to read. */
  static List<List<String>> of(SparkSession spark, List<FolderFile> files) {
    SQLConf settings = spark.sessionState().conf();
    long openCost = settings.filesOpenCostInBytes();
    long total = files.stream().mapToLong(file -> file.bytes() + openCost).sum();
    long perSlot = total / Math.max(1, spark.sparkContext().defaultParallelism());
    long limit = Math.min(settings.filesMaxPartitionBytes(), Math.max(openCost, perSlot));
    List<List<String>> runs = new ArrayList<>();
    List<String> run = new ArrayList<>();
    long bytes = 0;
    for (FolderFile file : files) {
      if (!run.isEmpty() && bytes + file.bytes() > limit) {
        runs.add(run);
        run = new ArrayList<>();
        bytes = 0;
      }
      run.add(file.name());
      bytes += file.bytes() + openCost;
    }
    if (!run.isEmpty()) {
      runs.add(run);
    }
    return runs;
  }
}
