package dev.ddpm.training;

/** The rule that turns a gradient into an update. */
public enum Optimiser {
  /** Adam (arXiv 1412.6980) with β 0.9 and 0.999 and ε 1e-8, in PyTorch's form. */
  ADAM,
  /** Plain stochastic gradient descent, without momentum. */
  SGD;

  /** Values that it keeps per parameter from step to step. */
  public int stateValues() {
    return switch (this) {
      case ADAM -> 2;
      case SGD -> 0;
    };
  }
}
