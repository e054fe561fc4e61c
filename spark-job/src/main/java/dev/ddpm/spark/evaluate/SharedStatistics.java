package dev.ddpm.spark.evaluate;

import dev.ddpm.spark.cluster.ClusterJob;
import java.util.Optional;

/** What several metrics of an evaluation are made of, computed for the first that asks. */
final class SharedStatistics {
  private Optional<Neighbourhoods> neighbourhoods = Optional.empty();

  /** The neighbours of both sets. */
  Neighbourhoods neighbourhoods(ClusterJob job, ComparedSets sets) {
    if (neighbourhoods.isEmpty()) {
      neighbourhoods = Optional.of(Neighbourhoods.compute(job, sets));
    }
    return neighbourhoods.get();
  }
}
