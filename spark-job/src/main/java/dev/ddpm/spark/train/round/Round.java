package dev.ddpm.spark.train.round;

import java.util.List;

/**
 * A finished round.
 *
 * @param epoch number of the epoch
 * @param number of the round within the epoch
 * @param state averaged state after the round
 * @param steps optimiser steps that the state has advanced; 0 if the round was not applied
 * @param workers what each worker did, by number
 * @param nanos wall time from the broadcast to the averaged state
 */
public record Round(
    long epoch, int number, ModelState state, int steps, List<WorkerStats> workers, long nanos) {

  /** Images that the state has learnt from. */
  public long rows() {
    return applied() ? workers.stream().mapToLong(WorkerStats::rows).sum() : 0;
  }

  /** Images of the plan that it has not. */
  public long skipped() {
    return workers.stream().mapToLong(worker -> worker.rows() + worker.skipped()).sum() - rows();
  }

  /** Whether the state has changed: all losses and weights were finite. */
  public boolean applied() {
    return workers.stream().allMatch(WorkerStats::finite);
  }

  /** Mean over the images of the mean squared error of their minibatch; if the round applied. */
  public double loss() {
    return workers.stream().mapToDouble(WorkerStats::lossSum).sum() / rows();
  }
}
