package dev.ddpm.spark.sample;

import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.stored.SamplingPlan;

/** What every executor must know once per job, and builds its generators from. */
record GeneratorSetup(SamplingPlan plan, ExecutorPool.Factory<Denoiser> network)
    implements ExecutorPool.Factory<Generator> {

  @Override
  public Generator create() {
    return new Generator(plan, network.create());
  }
}
