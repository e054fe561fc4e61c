package dev.ddpm.checkpoint;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * Where training stands: what a resumed run needs besides weights and moments.
 *
 * @param step optimiser steps taken, at least 0
 * @param round averaging rounds completed, at least 0
 * @param epoch number of the current epoch, from 0
 * @param position rows of the current epoch that are used up, at least 0
 * @param seed seed of the run, of which all random numbers are functions
 */
public record TrainingState(long step, long round, long epoch, long position, long seed)
    implements Serializable {

  /**
   * Checks the counts.
   *
   * @throws DdpmException (user) naming the one that is negative
   */
  public TrainingState {
    notNegative("step", step);
    notNegative("round", round);
    notNegative("epoch", epoch);
    notNegative("position", position);
  }

  private static void notNegative(String key, long value) {
    if (value < 0) {
      throw DdpmException.user("%s = %d: must be at least 0.", key, value);
    }
  }
}
