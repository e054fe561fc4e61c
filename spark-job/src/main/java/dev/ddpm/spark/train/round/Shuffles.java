package dev.ddpm.spark.train.round;

import org.apache.spark.Dependency;
import org.apache.spark.ShuffleDependency;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;

/**
 * Has shuffle files removed, without waiting for it. By itself Spark removes them when the driver's
 * garbage collector happens to find the RDD gone; with one shuffle of the whole model per round,
 * disks would be full before.
 */
public final class Shuffles {
  private Shuffles() {}

  /** Has the files of the last shuffle that an RDD was made by removed, and no earlier ones. */
  public static void removeLast(JavaSparkContext spark, JavaRDD<?> rdd) {
    if (spark.sc().cleaner().isEmpty()) {
      return;
    }
    RDD<?> current = rdd.rdd();
    while (!current.dependencies().isEmpty()) {
      Dependency<?> dependency = current.dependencies().head();
      if (dependency instanceof ShuffleDependency<?, ?, ?> shuffle) {
        spark.sc().cleaner().get().doCleanupShuffle(shuffle.shuffleId(), false);
        return;
      }
      current = dependency.rdd();
    }
  }
}
