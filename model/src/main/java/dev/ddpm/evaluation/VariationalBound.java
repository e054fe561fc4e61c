package dev.ddpm.evaluation;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Variance;

/**
 * The terms of the variational bound on the negative log likelihood of an image of 256 levels (Ho
 * et al., arXiv 2006.11239, equation 5), each in bits per dimension: L_T, what noise alone still
 * tells; L_{t−1}, the transitions; and L_0, the decoder of equation 13. Their sum bounds from above
 * what it costs to store the image without loss.
 *
 * <p>Predicted images are clipped to the data range, as in the code of the paper; values must be in
 * [−1, 1], which the bins of the decoder are made for. Sums are in double precision and in order.
 */
public final class VariationalBound {
  private static final double BITS = 1 / StrictMath.log(2);

  /** Half a level of 256 in [−1, 1]. */
  private static final double HALF_BIN = 1.0 / 255;

  /** Beyond it lie the outermost levels, whose bins are open to the outside. */
  private static final double LAST_INNER = 0.999;

  private static final double LEAST_PROBABILITY = 1e-12;

  private final NoiseSchedule schedule;
  private final Variance variance;

  /**
   * The bound of a process.
   *
   * @param schedule steps that the model knows, or a selection of them: the bound is that of the
   *     process with these steps
   * @param variance of the reverse process
   * @throws DdpmException (user) if there is one step only: a decoder needs the variance of another
   */
  public VariationalBound(NoiseSchedule schedule, Variance variance) {
    if (schedule.steps() < 2) {
      throw DdpmException.user(
          "The noise schedule has %d step: bits per dimension need at least 2.", schedule.steps());
    }
    this.schedule = schedule;
    this.variance = variance;
  }

  /** L_T = KL(q(x_T | x_0) ‖ N(0, 1)), the mean over the dimensions. */
  public double prior(float[] x0, int offset, int length) {
    int last = schedule.steps() - 1;
    if (!schedule.hasSignal(last)) {
      return 0;
    }
    double alphaBar = schedule.alphaBar(last);
    double squares = 0;
    for (int i = offset; i < offset + length; i++) {
      squares += (double) x0[i] * x0[i];
    }
    return BITS / 2 * (alphaBar * (squares / length - 1) - StrictMath.log(1 - alphaBar));
  }

  /**
   * The term of a step, the mean over the dimensions: for t ≥ 1 the transition KL(q(x_{t−1} | x_t,
   * x_0) ‖ p(x_{t−1} | x_t)), for t = 0 the decoder −log p(x_0 | x_1).
   *
   * @param t step, 0..steps−1
   * @param x0 the image, in [−1, 1]
   * @param predictedX0 what the model takes it for, from x_t; not clipped
   * @param offset position of the first value in both
   * @param length values of the image
   */
  public double term(int t, float[] x0, float[] predictedX0, int offset, int length) {
    return t == 0
        ? decoder(x0, predictedX0, offset, length)
        : transition(t, x0, predictedX0, offset, length);
  }

  /** Both means are the same combination of x_t and an image, true or predicted. */
  private double transition(int t, float[] x0, float[] predictedX0, int offset, int length) {
    double squares = 0;
    for (int i = offset; i < offset + length; i++) {
      double distance = x0[i] - clipped(predictedX0[i]);
      squares += distance * distance;
    }
    double coefficient = schedule.posteriorX0Coefficient(t);
    double posterior = schedule.posteriorVariance(t);
    double model = variance.at(schedule, t);
    double distance = coefficient * coefficient * squares / length;
    return BITS / 2 * (StrictMath.log(model / posterior) + (posterior + distance) / model - 1);
  }

  private double decoder(float[] x0, float[] predictedX0, int offset, int length) {
    double inverse = StrictMath.exp(-variance.logAt(schedule, 0) / 2);
    double sum = 0;
    for (int i = offset; i < offset + length; i++) {
      double distance = x0[i] - clipped(predictedX0[i]);
      double below = x0[i] > LAST_INNER ? 1 : cumulative(inverse * (distance + HALF_BIN));
      double atMost = x0[i] < -LAST_INNER ? 0 : cumulative(inverse * (distance - HALF_BIN));
      sum -= StrictMath.log(Math.max(below - atMost, LEAST_PROBABILITY));
    }
    return BITS * sum / length;
  }

  private static double clipped(float value) {
    // NaN stays NaN, for the caller to see.
    return Math.min(Math.max(value, -1), 1);
  }

  /** The normal distribution function, in the approximation that the paper's code uses. */
  private static double cumulative(double x) {
    double inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    return (1 + StrictMath.tanh(inner)) / 2;
  }
}
