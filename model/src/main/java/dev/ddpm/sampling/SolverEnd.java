package dev.ddpm.sampling;

/** Where a solver of the probability flow ends. */
public enum SolverEnd {
  /** At the clean image: the last step leads from the lowest noise level to x̂_0. */
  CLEAN,

  /** At the first noise level of the model's training, with the little noise that it has. */
  FIRST_LEVEL
}
