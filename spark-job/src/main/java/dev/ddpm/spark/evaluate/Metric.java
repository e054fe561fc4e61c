package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;

/**
 * A measure of how good a model is, computed over the cluster. The same input gives the same
 * figures, to the bit, whoever computed what, and however often.
 */
interface Metric {

  /**
   * Checks that the metric is defined for a model, before anything is opened or computed.
   *
   * @throws DdpmException (user) naming the option, its value and what is allowed
   */
  void check(EvaluateJob.Request request, ModelDescription model);

  /** What computing it takes of memory. */
  MemoryNeeds needs(Evaluation evaluation);

  /** Computes it. */
  Measured compute(ClusterJob job, Evaluation evaluation);
}
