package dev.ddpm.training;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * What is made of the mean of the workers' weights after a round: Nesterov's momentum over rounds,
 * with the change that a round has brought in place of a gradient (DiLoCo, arXiv 2311.08105). With
 * learning rate 1 and no momentum the mean is taken as it is, which is plain parameter averaging.
 *
 * @param learningRate share η of the change that is applied, above 0; 0.7 in the paper
 * @param momentum share μ of the earlier changes that a round goes on with, in [0, 1); 0.9 in the
 *     paper
 */
public record OuterOptimiser(double learningRate, double momentum) implements Serializable {
  /** Plain parameter averaging. */
  public static final OuterOptimiser AVERAGE = new OuterOptimiser(1, 0);

  /**
   * Checks the bounds.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public OuterOptimiser {
    if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw DdpmException.user("outer-learning-rate = %s: must be above 0.", learningRate);
    }
    if (!(momentum >= 0 && momentum < 1)) {
      throw DdpmException.user(
          "outer-momentum = %s: must be at least 0 and below 1; 0 for none.", momentum);
    }
  }

  /** Values that it keeps per weight from round to round. */
  public int stateValues() {
    return momentum > 0 ? 1 : 0;
  }

  /** What it keeps of so many weights before the first round: zeros, or nothing. */
  public float[] initialVelocity(int weights) {
    return new float[stateValues() * weights];
  }

  /**
   * Makes the weights that follow a round: Δ = mean − before, m ← μ·m + Δ, weights = before + η·(Δ
   * + μ·m).
   *
   * @param before the weights before the round
   * @param mean the mean of the workers' weights after it; becomes the new weights
   * @param velocity m, zeros at first, updated in place; empty without momentum
   */
  public void step(float[] before, float[] mean, float[] velocity) {
    if (equals(AVERAGE)) {
      return;
    }
    for (int i = 0; i < mean.length; i++) {
      double change = (double) mean[i] - before[i];
      double ahead = change;
      if (momentum > 0) {
        double moving = momentum * velocity[i] + change;
        velocity[i] = (float) moving;
        ahead += momentum * moving;
      }
      mean[i] = (float) (before[i] + learningRate * ahead);
    }
  }
}
