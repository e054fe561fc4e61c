package dev.ddpm.spark.evaluate;

import dev.ddpm.spark.cluster.ClusterJob;
import java.util.Optional;

/** What several metrics of an evaluation are made of, computed for the first that asks. */
final class SharedStatistics {
  private Optional<Neighbourhoods> neighbourhoods = Optional.empty();
  private Optional<ClassParts> classes = Optional.empty();

  /** The neighbours of both sets. */
  Neighbourhoods neighbourhoods(ClusterJob job, ComparedSets sets) {
    if (neighbourhoods.isEmpty()) {
      neighbourhoods =
          Optional.of(Neighbourhoods.compute(job, sets.realFeatures(), sets.generatedFeatures()));
    }
    return neighbourhoods.get();
  }

  /** The classes of both sets. */
  ClassParts classes(ComparedSets sets) {
    if (classes.isEmpty()) {
      classes = Optional.of(ClassParts.of(sets));
    }
    return classes.get();
  }
}
