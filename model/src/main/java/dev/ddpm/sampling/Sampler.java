package dev.ddpm.sampling;

import dev.ddpm.diffusion.NoiseSchedule;
import java.io.Serializable;

/**
 * The rule of one step of a reverse process: from the noise level of a step of its schedule to that
 * of the step before. Immutable and without images of its own: {@link ReverseProcess} holds them.
 *
 * <p>The last level may have no signal ({@link NoiseSchedule#hasSignal}). From there every sampler
 * goes on as its equation does in the limit: to √ᾱ_{t−1}·x̂_0 + √(1−ᾱ_{t−1})·ε̂, plus the noise
 * that it draws itself. Where it takes the levels' σ or log-SNR, which are infinite, it takes none
 * of it into later steps.
 */
public interface Sampler extends Serializable {

  /** Standard deviation of the noise x_T that the process starts from. */
  default double startDeviation() {
    return 1;
  }

  /**
   * Whether ε̂ is what the model says also where x̂_0 is thresholded, rather than what is then left
   * of x_t.
   */
  default boolean keepsPredictedNoise() {
    return false;
  }

  /**
   * Whether the model is asked once more at a step, about the images that {@link #step} has led to,
   * and {@link #correct} uses what it says.
   */
  default boolean corrects(int step) {
    return false;
  }

  /** How many arrays {@link StepState#kept} has for this sampler. */
  default int keeps() {
    return 0;
  }

  /** The steps that are taken, from the last down to {@link #lastStep}. */
  NoiseSchedule schedule();

  /** The step that ends the process: 0, unless it stops short of the clean image. */
  int lastStep();

  /** Steps from pure noise to the end. */
  default int steps() {
    return schedule().steps() - lastStep();
  }

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

  /**
   * Replaces {@link StepState#x}, which {@link #step} has made, by better images of the same step.
   *
   * @param step step of the schedule that the images had before
   * @param state the images, and what the model says of them at the step before
   * @param length how many elements of each array are in use
   */
  default void correct(int step, StepState state, int length) {
    throw new IllegalStateException("Nothing is corrected at step " + step);
  }
}
