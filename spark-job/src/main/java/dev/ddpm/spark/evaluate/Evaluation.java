package dev.ddpm.spark.evaluate;

import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.stored.StoredModel;
import java.io.PrintWriter;
import java.util.Optional;

/**
 * What a {@link Metric} is computed from. It stays on the driver: tasks are handed values of it.
 *
 * @param request what was asked for
 * @param storedModel the model, if there is one
 * @param reader the table of real images
 * @param images how many of the table's images count: the ids 0 to images − 1
 * @param comparedSets the sets with their features, if a metric compares them
 * @param shared what several metrics are made of
 * @param out receives lines of progress
 */
record Evaluation(
    EvaluateJob.Request request,
    Optional<StoredModel> storedModel,
    ImageTableReader reader,
    long images,
    Optional<ComparedSets> comparedSets,
    SharedStatistics shared,
    PrintWriter out) {

  /** The model of a metric that has checked that there is one. */
  StoredModel model() {
    return storedModel.orElseThrow();
  }

  /** The sets of a metric that compares them. */
  ComparedSets sets() {
    return comparedSets.orElseThrow();
  }
}
