package dev.ddpm.evaluation;

import dev.ddpm.DdpmException;
import java.util.Arrays;

/**
 * Draws some of the timesteps t ≥ 1 so that their terms, weighted, estimate the sum of all without
 * bias: t is drawn with probability min(1, λ/t), as terms fall about like 1/t, and its term counts
 * for the inverse of that (Horvitz and Thompson). Timesteps are as evenly spread as these
 * probabilities allow, by one offset for all (systematic sampling).
 */
final class TimestepDraw {
  private final double[] probability;

  /**
   * Decides how likely each timestep is: the first always come, the others as 1/t.
   *
   * @param last largest timestep
   * @param drawn how many of 1..last; with rounding one more or less can come
   * @throws DdpmException (user) if there are not as many
   */
  TimestepDraw(int last, int drawn) {
    if (drawn < 1 || drawn > last) {
      throw DdpmException.user(
          "%d timesteps per image: must be 1 to %d, one less than the model has.", drawn, last);
    }
    double rest = 0;
    for (int t = 1; t <= last; t++) {
      rest += 1.0 / t;
    }
    // Those that λ/t would give more than 1 are taken for certain, and the others share what is
    // left.
    int certain = drawn == last ? last : 0;
    while (certain < last && (drawn - certain) / rest >= certain + 1) {
      certain++;
      rest -= 1.0 / certain;
    }
    probability = new double[last + 1];
    for (int t = 1; t <= last; t++) {
      probability[t] = t <= certain ? 1 : (drawn - certain) / rest / t;
    }
  }

  /**
   * The timesteps of an offset, ascending.
   *
   * @param offset uniform in [0, 1)
   */
  int[] at(double offset) {
    int[] drawn = new int[probability.length];
    int count = 0;
    double passed = 0;
    for (int t = 1; t < probability.length; t++) {
      double before = Math.floor(passed - offset);
      passed += probability[t];
      if (Math.floor(passed - offset) > before) {
        drawn[count++] = t;
      }
    }
    return Arrays.copyOf(drawn, count);
  }

  /** What a drawn timestep's term counts for. */
  double weight(int t) {
    return 1 / probability[t];
  }
}
