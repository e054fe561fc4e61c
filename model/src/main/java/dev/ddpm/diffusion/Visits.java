package dev.ddpm.diffusion;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.Arrays;

/**
 * Which noise levels of a model's schedule a sampler visits. Families of samplers count them
 * differently, each as in the diffusers library, where most of them come from: {@link #markov} for
 * DDPM and DDIM, {@link #multistep} for solvers that end below the lowest level that they visit,
 * and {@link #continuous} for those that know noise levels rather than timesteps.
 *
 * @param steps how many are visited, at least 1
 * @param spacing how timesteps are placed
 * @param offset what is added to timesteps of the spacing {@link TimestepSpacing#LEADING}, at least
 *     0; models that are to be sampled from timestep 1 on have 1
 * @param levels how noise levels are chosen; only of solvers
 */
public record Visits(int steps, TimestepSpacing spacing, int offset, NoiseLevels levels)
    implements Serializable {
  private static final int HALVED = 3;

  /**
   * Checks the offset.
   *
   * @throws DdpmException (user) if it is negative
   */
  public Visits {
    if (offset < 0) {
      throw DdpmException.user("the steps-offset = %d must be at least 0.", offset);
    }
  }

  /** Timesteps at equal distances, both ends included, and their noise levels. */
  public static Visits of(int steps) {
    return new Visits(steps, TimestepSpacing.LINSPACE, 0, NoiseLevels.SCHEDULE);
  }

  /**
   * Whole timesteps, from 0 on.
   *
   * @param training schedule of the model's training, with T steps
   * @throws DdpmException (user) if there are more steps than T or the offset leads beyond T−1
   */
  public NoiseSchedule markov(NoiseSchedule training) {
    int total = training.steps();
    return steps == total && shift() == 0
        ? training
        : training.respaced(shifted(spacing.timesteps(total, steps), total));
  }

  /**
   * As {@link #markov}, and halfway, rounded up to whole timesteps where there are any between two,
   * to the next one below each of the last three: for a method that asks in the middle of its first
   * steps. Below a timestep without signal there is no such middle, and the three are those after
   * it.
   *
   * @param training schedule of the model's training, with T steps
   * @throws DdpmException (user) if there are more steps than T or the offset leads beyond T−1
   */
  public NoiseSchedule halved(NoiseSchedule training) {
    NoiseSchedule visited = markov(training);
    int halved = wholeSteps(visited);
    int halves = halves(halved);
    double[] times = new double[steps + halves];
    for (int i = 0; i < steps; i++) {
      int halvesBelow = Math.max(0, i - (halved - 1 - halves));
      times[i + Math.min(halves, halvesBelow)] = visited.time(i);
    }
    for (int i = 0; i < halves; i++) {
      int half = halved + halves - 2 - 2 * i;
      double distance = times[half + 1] - times[half - 1];
      times[half] = times[half + 1] - (distance > 1 ? Math.floor(distance / 2) : distance / 2);
    }
    return training.atTimes(times);
  }

  /**
   * How many steps {@link #halved} halves: 3, or all but the last of fewer than 4 from levels with
   * signal.
   *
   * @param training schedule of the model's training, with T steps
   */
  public int halves(NoiseSchedule training) {
    return halves(wholeSteps(markov(training)));
  }

  private static int halves(int wholeSteps) {
    return Math.min(HALVED, Math.max(0, wholeSteps - 1));
  }

  /** Steps of the visited timesteps that begin where there is signal: all, or all but the first. */
  private int wholeSteps(NoiseSchedule visited) {
    return visited.hasSignal(steps - 1) ? steps : steps - 1;
  }

  /**
   * Whole timesteps above 0: of one more timestep the lowest is left out, because it is so far from
   * its neighbour in log-SNR that an extrapolation over it does harm. {@link
   * TimestepSpacing#TRAILING} never has it. With {@link NoiseLevels#KARRAS}, the timesteps nearest
   * to levels from the lowest of the training to the highest, each once: fewer than asked for,
   * where several are nearest to the same.
   *
   * @param training schedule of the model's training, with T steps
   * @throws DdpmException (user) if there are more steps than T or the offset leads beyond T−1
   */
  public NoiseSchedule multistep(NoiseSchedule training) {
    int total = training.steps();
    TimestepSpacing.requireSteps(total, steps);
    if (levels == NoiseLevels.KARRAS) {
      NoiseSchedule between =
          training.atSigmas(
              NoiseLevels.karras(training.sigma(0), training.sigma(total - 1), steps));
      int[] nearest = new int[steps];
      Arrays.setAll(nearest, between::timestep);
      return training.respaced(Arrays.stream(nearest).distinct().toArray());
    }
    if (steps == total) {
      requireRoom(total - 1, total);
      return training;
    }
    if (spacing == TimestepSpacing.TRAILING) {
      return training.respaced(spacing.timesteps(total, steps));
    }
    int[] oneMore = spacing.timesteps(total, steps + 1);
    return training.respaced(shifted(Arrays.copyOfRange(oneMore, 1, steps + 1), total));
  }

  /**
   * Timesteps that may lie between two of the training, from 0 on. With {@link NoiseLevels#KARRAS},
   * levels from that of the lowest of these timesteps to that of the highest.
   *
   * @param training schedule of the model's training, with T steps
   * @throws DdpmException (user) if there are more steps than T or the offset leads beyond T−1
   */
  public NoiseSchedule continuous(NoiseSchedule training) {
    int total = training.steps();
    NoiseSchedule visited;
    if (steps == total && shift() == 0) {
      visited = training;
    } else if (spacing == TimestepSpacing.LINSPACE) {
      visited = training.atTimes(linspace(total));
    } else {
      visited = training.respaced(shifted(spacing.timesteps(total, steps), total));
    }
    return levels == NoiseLevels.SCHEDULE
        ? visited
        : training.atSigmas(NoiseLevels.karras(visited.sigma(0), visited.sigma(steps - 1), steps));
  }

  private double[] linspace(int total) {
    TimestepSpacing.requireSteps(total, steps);
    double[] times = new double[steps];
    Arrays.setAll(times, i -> steps == 1 ? total - 1 : (total - 1.0) * i / (steps - 1));
    return times;
  }

  private int[] shifted(int[] timesteps, int total) {
    requireRoom(timesteps[timesteps.length - 1], total);
    return Arrays.stream(timesteps).map(t -> t + shift()).toArray();
  }

  /** What is added to timesteps: the offset is of one spacing alone. */
  private int shift() {
    return spacing == TimestepSpacing.LEADING ? offset : 0;
  }

  private void requireRoom(int last, int total) {
    if (shift() > total - 1 - last) {
      throw DdpmException.user(
          "the steps-offset = %d must be at most %d, because with %d of %d timesteps the last one"
              + " is %d.",
          offset, total - 1 - last, steps, total, last);
    }
  }
}
