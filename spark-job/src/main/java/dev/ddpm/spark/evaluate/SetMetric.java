package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;
import java.util.Optional;

/** A distance between the features of real and of generated images. */
abstract class SetMetric implements Metric {
  /** Bytes of a row with an id and a label, as Spark collects them. */
  private static final long LABEL_HEAP = 160;

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

  /** What the driver takes of heap to read the labels of both sets, in bytes. */
  static long labelsHeap(ComparedSets sets) {
    return LABEL_HEAP * (sets.real().images() + sets.generated().images());
  }

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

  @Override
  public final void checkSize(ImageSet set) {
    if (set.images() < fewest()) {
      throw DdpmException.user(
          "%s = %s: has %,d image(s), but %s needs at least %d.",
          set.option(), set.path(), set.images(), name(), fewest());
    }
  }

  /** The images that each set must have for a figure to exist. */
  abstract int fewest();

  /** Computes it; both sets have images enough. */
  abstract Measured compute(ClusterJob job, Evaluation evaluation, ComparedSets sets);

  @Override
  public final Measured compute(ClusterJob job, Evaluation evaluation) {
    ComparedSets sets = evaluation.sets();
    checkSize(sets.real());
    checkSize(sets.generated());
    return compute(job, evaluation, sets);
  }
}
