package dev.ddpm.spark.sample;

import dev.ddpm.spark.runtime.ExecutorPool;
import dev.ddpm.spark.runtime.Floats;

/** What every executor must know once per job, and builds its generators from. */
record GeneratorSetup(SamplingPlan plan, Floats weights)
    implements ExecutorPool.Factory<Generator> {

  @Override
  public Generator create() {
    return new Generator(plan, weights.values());
  }
}
