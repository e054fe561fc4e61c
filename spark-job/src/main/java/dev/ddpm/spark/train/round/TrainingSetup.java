package dev.ddpm.spark.train.round;

import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.Networks;
import dev.ddpm.training.Replica;
import dev.ddpm.training.TrainingSpec;

/**
 * What every worker must know once per run, and builds its replica from: the architecture, the
 * noise schedule, how to train, and how memory is saved at that.
 */
public record TrainingSetup(
    Architecture architecture, NoiseSchedule schedule, TrainingSpec training, MemorySaving saving)
    implements ExecutorPool.Factory<Replica> {

  /** With batches as a whole and everything kept. */
  public TrainingSetup(Architecture architecture, NoiseSchedule schedule, TrainingSpec training) {
    this(architecture, schedule, training, MemorySaving.NONE);
  }

  /** The same for a run that counts on from so many optimiser steps. */
  public TrainingSetup after(long steps) {
    return new TrainingSetup(architecture, schedule, training.after(steps), saving);
  }

  /** The same in less memory. */
  public TrainingSetup with(MemorySaving other) {
    return new TrainingSetup(architecture, schedule, training, other);
  }

  @Override
  public Replica create() {
    return new Replica(
        Networks.create(
            architecture,
            training.seed(),
            training.optimiser(),
            training.learningRate(),
            saving,
            Backends.best(Backend.class, Precision.FLOAT32),
            Precision.FLOAT32),
        schedule,
        training);
  }
}
