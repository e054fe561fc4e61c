package dev.ddpm.spark.train.round;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.Networks;
import dev.ddpm.training.Replica;
import dev.ddpm.training.TrainingSpec;

/**
 * What every worker must know once per run, and builds its replica from: the architecture, the
 * noise schedule, how to train, how memory is saved at that, and what computes.
 */
public record TrainingSetup(
    Architecture architecture,
    NoiseSchedule schedule,
    TrainingSpec training,
    MemorySaving saving,
    BackendChoice backend)
    implements ExecutorPool.Factory<Replica> {

  /** With batches as a whole and everything kept, on the CPU. */
  public TrainingSetup(Architecture architecture, NoiseSchedule schedule, TrainingSpec training) {
    this(architecture, schedule, training, MemorySaving.NONE, BackendChoice.DEFAULT);
  }

  /** The same for a run that counts on from so many optimiser steps. */
  public TrainingSetup after(long steps) {
    return new TrainingSetup(architecture, schedule, training.after(steps), saving, backend);
  }

  /** The same in less memory. */
  public TrainingSetup with(MemorySaving other) {
    return new TrainingSetup(architecture, schedule, training, other, backend);
  }

  /** The same on another back end. */
  public TrainingSetup on(BackendChoice other) {
    return new TrainingSetup(architecture, schedule, training, saving, other);
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
            backend.backend(),
            backend.precision()),
        schedule,
        training);
  }
}
