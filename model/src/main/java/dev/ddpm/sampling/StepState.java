package dev.ddpm.sampling;

import dev.ddpm.diffusion.GaussianDiffusion;

/**
 * What a step of the reverse process works on: arrays of the same layout, reused from step to step.
 */
final class StepState {
  /** The process of the sampler's schedule. */
  final GaussianDiffusion diffusion;

  /** The images at the current noise level. */
  float[] x;

  /** The noise that the model sees in them. */
  final float[] epsilon;

  /** Fresh standard normal noise, where the sampler asked for it. */
  final float[] z;

  /** The clean images that the model sees behind them, after thresholding. */
  float[] x0;

  /** The same of the step taken before; meaningless in the first step. */
  float[] previousX0;

  /** The step taken before, or −1 in the first. */
  int previousStep;

  /** The step taken before that, or −1 in the first two. */
  int earlierStep;

  /** Steps taken so far in this process. */
  int taken;

  /** What the sampler keeps from step to step: as many arrays as it says. */
  final float[][] kept;

  /**
   * Allocates the arrays.
   *
   * @param kept how many the sampler keeps
   * @param size elements of each array
   */
  StepState(GaussianDiffusion diffusion, int kept, int size) {
    this.diffusion = diffusion;
    this.kept = new float[kept][size];
    epsilon = new float[size];
    z = new float[size];
    x0 = new float[size];
    previousX0 = new float[size];
    begin();
  }

  /** Makes the next step the first of a process. */
  final void begin() {
    previousStep = -1;
    earlierStep = -1;
    taken = 0;
  }

  /** Makes the prediction of a step the previous one. */
  void advance(int step) {
    float[] current = x0;
    x0 = previousX0;
    previousX0 = current;
    earlierStep = previousStep;
    previousStep = step;
    taken++;
  }
}
