package dev.ddpm.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Keeps the predicted clean images of chosen steps of a reverse process: what the model sees behind
 * the noise, from the first guess to the final image (Ho et al., arXiv 2006.11239, figure 6).
 */
public final class Trajectory implements StepListener {
  private final int frames;
  private final List<Integer> timesteps = new ArrayList<>();
  private final List<float[]> images = new ArrayList<>();

  /**
   * Keeps a number of frames at equal distances, the last step always among them.
   *
   * @param frames how many, at least 1; all steps if there are fewer
   */
  public Trajectory(int frames) {
    if (frames < 1) {
      throw new IllegalArgumentException("frames = " + frames + ": must be at least 1");
    }
    this.frames = frames;
  }

  @Override
  public boolean afterStep(Progress progress, float[] x, float[] x0, int length) {
    long before = (long) (progress.done() - 1) * frames / progress.total();
    long after = (long) progress.done() * frames / progress.total();
    if (after > before) {
      timesteps.add(progress.timestep());
      images.add(Arrays.copyOf(x0, length));
    }
    return true;
  }

  /** The model's numbers of the steps kept so far, in the order of the process: decreasing. */
  public List<Integer> timesteps() {
    return List.copyOf(timesteps);
  }

  /** The predicted clean images of each kept step, (batch, height, width, channels). */
  public List<float[]> images() {
    return List.copyOf(images);
  }
}
