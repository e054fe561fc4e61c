package dev.ddpm.training;

/**
 * Exponential moving average of the weights, in the warm-up form: after n optimiser steps the decay
 * is min(decay, (1 + n)/(10 + n)), so that short runs are usable (Ho et al. average with a constant
 * 0.9999; the warm-up is TensorFlow's {@code num_updates}).
 */
public final class Ema {
  private Ema() {}

  /**
   * The decay that several optimiser steps amount to when the average is only updated after the
   * last of them: the product of their decays.
   *
   * @param decay limit of the per-step decay, in [0, 1)
   * @param firstStep number of optimiser steps before these
   * @param steps number of optimiser steps
   */
  static double decay(double decay, long firstStep, int steps) {
    double product = 1;
    for (long n = firstStep; n < firstStep + steps; n++) {
      product *= Math.min(decay, (1.0 + n) / (10.0 + n));
    }
    return product;
  }

  /**
   * Moves an average towards new weights.
   *
   * @param average the average, updated in place
   * @param weights the weights after the steps
   * @param decay limit of the per-step decay
   * @param firstStep number of optimiser steps before these
   * @param steps number of optimiser steps since the last update
   */
  public static void update(
      float[] average, float[] weights, double decay, long firstStep, int steps) {
    float keep = (float) decay(decay, firstStep, steps);
    float take = 1 - keep;
    for (int i = 0; i < average.length; i++) {
      average[i] = keep * average[i] + take * weights[i];
    }
  }
}
