package dev.ddpm.diffusion;

import dev.ddpm.DdpmException;

/**
 * How S of T timesteps are chosen for a shorter reverse process (the three ways of Lin et al.,
 * arXiv 2305.08891, table 2). Halves are rounded to the even neighbour.
 */
public enum TimestepSpacing {
  /** Multiples of ⌊T/S⌋ from 0 on: 0, 100, …, 900 for 10 of 1000. The noisiest step is left out. */
  LEADING {
    @Override
    int at(int i, int total, int steps) {
      return i * (total / steps);
    }
  },

  /** Multiples of T/S counted down from T, less 1: 99, 199, …, 999 for 10 of 1000. */
  TRAILING {
    @Override
    int at(int i, int total, int steps) {
      return rounded((long) total * (i + 1), steps) - 1;
    }
  },

  /**
   * Equal distances from 0 to T−1, both included: 0, 111, …, 999 for 10 of 1000. A single step is
   * T−1, because the process starts with pure noise.
   */
  LINSPACE {
    @Override
    int at(int i, int total, int steps) {
      return steps == 1 ? total - 1 : rounded((long) (total - 1) * i, steps - 1);
    }
  };

  abstract int at(int i, int total, int steps);

  /**
   * Chooses timesteps.
   *
   * @param total timesteps of the training schedule, T
   * @param steps how many are wanted, 1..T
   * @return distinct timesteps in 0..T−1, increasing
   * @throws DdpmException (user) if {@code steps} is out of range
   */
  public int[] timesteps(int total, int steps) {
    requireSteps(total, steps);
    int[] timesteps = new int[steps];
    for (int i = 0; i < steps; i++) {
      timesteps[i] = at(i, total, steps);
    }
    return timesteps;
  }

  /**
   * Checks how many are wanted.
   *
   * @throws DdpmException (user) unless they are 1..T
   */
  static void requireSteps(int total, int steps) {
    if (steps < 1 || steps > total) {
      throw DdpmException.user(
          "%d sampling steps are asked for: at least 1 and at most the %d of training are"
              + " allowed.",
          steps, total);
    }
  }

  private static int rounded(long numerator, int denominator) {
    return (int) Math.rint((double) numerator / denominator);
  }
}
