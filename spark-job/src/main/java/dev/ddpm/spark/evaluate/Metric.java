package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;
import java.util.Optional;

/**
 * A measure of how good a model or its images are, computed over the cluster. The same input gives
 * the same figures, to the bit, whoever computed what, and however often.
 */
interface Metric {

  /**
   * Checks that the metric is defined for what was asked for, before anything is opened or
   * computed.
   *
   * @param model that of {@code --model}, if there is one
   * @throws DdpmException (user) naming the option, its value and what is allowed
   */
  void check(EvaluateJob.Request request, Optional<ModelDescription> model);

  /**
   * Checks that the metric exists for a set of so many images, before samples are drawn.
   *
   * @throws DdpmException (user) naming the set
   */
  default void checkSize(ImageSet set) {}

  /** Whether it is computed of the features of two sets, which have to be there before. */
  default boolean comparesSets() {
    return false;
  }

  /** What computing it takes of memory. */
  MemoryNeeds needs(Evaluation evaluation);

  /** Computes it. */
  Measured compute(ClusterJob job, Evaluation evaluation);
}
