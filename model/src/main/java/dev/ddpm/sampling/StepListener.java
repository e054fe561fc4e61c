package dev.ddpm.sampling;

/** Sees a reverse process go by: progress bars, trajectories, and whoever wants to stop it. */
@FunctionalInterface
public interface StepListener {
  /** Watches nothing. */
  StepListener NONE = (progress, x, x0, length) -> true;

  /**
   * Is called after every step.
   *
   * @param progress where the process is
   * @param x the images, (batch, height, width, channels), now at the noise level of the step
   *     before
   * @param x0 the clean images that were last predicted in this step, after thresholding; the array
   *     is reused
   * @param length how many elements of both are in use
   * @return whether to go on; otherwise the process ends with a {@link
   *     java.util.concurrent.CancellationException}
   */
  boolean afterStep(Progress progress, float[] x, float[] x0, int length);

  /**
   * Where a reverse process is.
   *
   * @param done steps taken so far, 1..{@code total}
   * @param total steps of the whole process
   * @param timestep the model's number of the step just taken, rounded where it lies between two
   */
  record Progress(int done, int total, int timestep) {}
}
