package dev.ddpm.sampling;

import dev.ddpm.diffusion.NoiseSchedule;
import java.io.Serializable;

/**
 * The rule of one step of a reverse process: from the noise level of a step of its schedule to that
 * of the step before. Immutable and without images of its own: {@link ReverseProcess} holds them.
 */
public interface Sampler extends Serializable {

  /** The steps that are taken, from the last down to {@link #lastStep}. */
  NoiseSchedule schedule();

  /** The step that ends the process: 0, unless it stops short of the clean image. */
  int lastStep();

  /** Whether {@link #step} at this step reads {@link StepState#z}. */
  boolean needsNoise(int step);

  /**
   * Replaces {@link StepState#x} by images of the step before.
   *
   * @param step step of the schedule whose noise level the images have
   * @param state the images, and what the model says of them
   * @param length how many elements of each array are in use
   */
  void step(int step, StepState state, int length);
}
