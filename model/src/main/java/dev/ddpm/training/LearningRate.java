package dev.ddpm.training;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * The learning rate of every optimiser step: it rises linearly over the first steps, then stays or
 * falls. A pure function of the number of steps made, so rounds and resumed runs go on where it
 * was.
 *
 * <p>Step n (from 0) has {@code rate · (n + 1)/warmUpSteps} in the warm-up, so that the first step
 * is not lost. After it, at progress p = (n − warmUpSteps)/(steps − warmUpSteps), it has {@code
 * rate · decay(p)}: the full rate at the first step, nearly 0 at the last, 0 beyond.
 *
 * @param rate the full rate, above 0
 * @param warmUpSteps steps of the warm-up; 0 for none
 * @param decay what happens after it
 * @param steps steps after which the rate has come to 0; unused by {@link Decay#CONSTANT}
 * @param earlier optimiser steps made before the first one of this rate: a run that takes over the
 *     moments of another counts on from its steps, but has a rate of its own
 */
public record LearningRate(double rate, long warmUpSteps, Decay decay, long steps, long earlier)
    implements Serializable {

  /**
   * Checks the bounds.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public LearningRate {
    if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
      throw DdpmException.user("learning-rate = %s: must be above 0 and finite.", rate);
    }
    if (warmUpSteps < 0) {
      throw DdpmException.user("warm-up-steps = %d: must be at least 0.", warmUpSteps);
    }
    if (decay != Decay.CONSTANT && steps <= warmUpSteps) {
      throw DdpmException.user(
          "decay-steps = %d: must be more than the %d steps of the warm-up (warm-up-steps); 0 in"
              + " the configuration stands for all steps of the run.",
          steps, warmUpSteps);
    }
  }

  /** A rate of the steps from the very first on. */
  public LearningRate(double rate, long warmUpSteps, Decay decay, long steps) {
    this(rate, warmUpSteps, decay, steps, 0);
  }

  /** The same rate for the steps after so many. */
  public LearningRate after(long stepsMade) {
    return new LearningRate(rate, warmUpSteps, decay, steps, stepsMade);
  }

  /** A rate that stays after a warm-up of so many steps; 0 for none. */
  public static LearningRate constant(double rate, long warmUpSteps) {
    return new LearningRate(rate, warmUpSteps, Decay.CONSTANT, 0);
  }

  /** The rate of the optimiser step after so many. */
  public double at(long stepsMade) {
    long step = Math.max(0, stepsMade - earlier);
    if (step < warmUpSteps) {
      return rate * (step + 1.0) / warmUpSteps;
    }
    if (decay == Decay.CONSTANT) {
      return rate;
    }
    double progress = (double) (step - warmUpSteps) / (steps - warmUpSteps);
    return rate * decay.share(Math.min(1, progress));
  }
}
