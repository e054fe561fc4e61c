package dev.ddpm.spark.evaluate;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.evaluation.BoundEvaluator;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.Pretrained;

/** What every executor must know once per job, and builds its evaluators from. */
record EvaluatorSetup(
    ModelDescription model, SamplingConfig sampling, int timesteps, Pretrained network)
    implements ExecutorPool.Factory<BoundEvaluator> {

  @Override
  public BoundEvaluator create() {
    return new BoundEvaluator(
        model.schedule().build(),
        sampling.variance(),
        model.prediction(),
        network.create(),
        model.architecture().imageShape().size(),
        timesteps,
        sampling.microBatch(),
        sampling.seed());
  }
}
