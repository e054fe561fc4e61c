package dev.ddpm.spark.plan;

/**
 * Seconds of a round, by what they are spent on.
 *
 * @param compute optimiser steps of the slowest worker
 * @param broadcast state to all executors, and into the replicas
 * @param average blocks to the reducers, their sums, the mean to the driver
 * @param driver moving average and checks, between rounds
 */
public record RoundCost(double compute, double broadcast, double average, double driver) {

  /** The whole round. */
  public double total() {
    return compute + overhead();
  }

  /** What is no optimiser step. */
  public double overhead() {
    return broadcast + average + driver;
  }

  /** Overhead as a share of compute. */
  public double overheadShare() {
    return overhead() / compute;
  }
}
