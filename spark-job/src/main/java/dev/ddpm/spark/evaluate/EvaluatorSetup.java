package dev.ddpm.spark.evaluate;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.evaluation.BoundEvaluator;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.SamplingConfig;

/** What every executor must know once per job, and builds its evaluators from. */
record EvaluatorSetup(
    ModelDescription model, SamplingConfig sampling, int timesteps, WireFloats weights)
    implements ExecutorPool.Factory<BoundEvaluator> {

  @Override
  public BoundEvaluator create() {
    return new BoundEvaluator(
        model.schedule().build(),
        sampling.variance(),
        model.prediction(),
        Dl4jNetwork.pretrained(model.architecture(), weights.values()),
        model.architecture().imageShape().size(),
        timesteps,
        sampling.microBatch(),
        sampling.seed());
  }
}
