package dev.ddpm.spark.train.round;

import dev.ddpm.network.TrainableNetwork;
import java.io.Serializable;

/** Told around every optimiser step of a worker. */
public interface StepHook extends Serializable {
  /** A step on these images comes next. */
  void before(ImageBatch images, TrainableNetwork network);

  /** A step on these images was made. */
  void after(ImageBatch images, TrainableNetwork network);
}
