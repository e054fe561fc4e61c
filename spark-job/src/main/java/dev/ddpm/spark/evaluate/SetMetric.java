package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.spark.cluster.MemoryNeeds;
import java.util.Optional;

/** A distance between the features of real and of generated images. */
abstract class SetMetric implements Metric {

  @Override
  public final boolean comparesSets() {
    return true;
  }

  @Override
  public void check(EvaluateJob.Request request, Optional<ModelDescription> model) {
    if (request.comparison().isEmpty()) {
      throw DdpmException.user(
          "--metrics = %s: compares images of a model with those of the table; --samples FOLDER, or"
              + " --model MODEL and --count N, are needed.",
          name());
    }
  }

  /** The word of the metric. */
  abstract String name();

  /** Java heap of a task that is not the same for all metrics, in bytes. */
  abstract long taskHeap(ComparedSets sets);

  /** What the driver takes of heap, for what tasks return and what it makes of it, in bytes. */
  abstract long driverHeap(ComparedSets sets);

  @Override
  public final MemoryNeeds needs(Evaluation evaluation) {
    ComparedSets sets = evaluation.sets();
    long block = (long) FeatureFiles.SHARD * sets.realFeatures().features() * Float.BYTES;
    return new MemoryNeeds(
        MemoryNeeds.SPARK_HEAP + driverHeap(sets),
        0,
        MemoryNeeds.SPARK_HEAP,
        4 * block + taskHeap(sets),
        0,
        driverHeap(sets),
        "--images");
  }

  /**
   * Checks that a set has images enough for a figure to exist.
   *
   * @throws DdpmException (user) naming the set
   */
  void requireAtLeast(ComparedSets sets, int fewest) {
    for (ImageSet set : new ImageSet[] {sets.real(), sets.generated()}) {
      if (set.images() < fewest) {
        throw DdpmException.user(
            "%s = %s: has %,d image(s), but %s needs at least %d.",
            set.option(), set.path(), set.images(), name(), fewest);
      }
    }
  }
}
