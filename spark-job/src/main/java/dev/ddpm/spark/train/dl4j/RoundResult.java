package dev.ddpm.spark.train.dl4j;

import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.WorkerStats;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingResult;

/** What a worker returns at the end of a round, as plain arrays; DL4J's own fields stay empty. */
final class RoundResult extends ParameterAveragingTrainingResult {
  private static final long serialVersionUID = 1L;

  private final ModelState state;
  private final WorkerStats stats;

  RoundResult(ModelState state, WorkerStats stats) {
    super(null, null, stats.lossSum() / stats.rows(), null, null, null);
    this.state = state;
    this.stats = stats;
  }

  ModelState state() {
    return state;
  }

  WorkerStats stats() {
    return stats;
  }
}
