package dev.ddpm.spark.train;

import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.network.UNetSpec;
import dev.ddpm.spark.runtime.ExecutorPool;
import dev.ddpm.training.Replica;
import dev.ddpm.training.TrainingSpec;

/**
 * What every worker must know once per run, and builds its replica from: the architecture, the
 * noise schedule and how to train.
 */
record TrainingSetup(UNetSpec unet, NoiseSchedule schedule, TrainingSpec training)
    implements ExecutorPool.Factory<Replica> {

  @Override
  public Replica create() {
    return Replica.create(unet, schedule, training);
  }
}
