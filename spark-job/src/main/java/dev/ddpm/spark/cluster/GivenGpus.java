package dev.ddpm.spark.cluster;

import org.apache.spark.SparkConf;

/** Whether Spark gives GPUs to tasks, as {@code --gpus} of the scripts asks it to. */
public final class GivenGpus {
  /** Spark's setting: how many GPUs a task has; below 1 if tasks share one. */
  public static final String AMOUNT = "spark.task.resource.gpu.amount";

  /** What Spark calls them. */
  static final String RESOURCE = "gpu";

  private GivenGpus() {}

  /** Whether it does in the application that this process submits. */
  public static boolean any() {
    return any(new SparkConf());
  }

  static boolean any(SparkConf conf) {
    return amount(conf) > 0;
  }

  /** Tasks that Spark gives one GPU to at a time; 1 where it gives none. */
  static int tasksOfEach(SparkConf conf) {
    double amount = amount(conf);
    return amount > 0 ? (int) Math.max(1, 1 / amount) : 1;
  }

  private static double amount(SparkConf conf) {
    return conf.getDouble(AMOUNT, 0);
  }
}
