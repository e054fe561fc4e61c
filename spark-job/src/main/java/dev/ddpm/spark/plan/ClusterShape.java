package dev.ddpm.spark.plan;

/**
 * A cluster.
 *
 * @param executors one per machine
 * @param tasks that an executor runs at a time
 * @param taskCores cores and threads of a task
 * @param networkBytes bytes per second that a machine sends, and receives at the same time
 */
public record ClusterShape(int executors, int tasks, int taskCores, double networkBytes) {

  /** Tasks that run at a time. */
  public int slots() {
    return executors * tasks;
  }
}
