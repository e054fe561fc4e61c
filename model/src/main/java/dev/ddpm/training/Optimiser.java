package dev.ddpm.training;

/** The rule that turns a gradient into an update. */
public enum Optimiser {
  /** Adam (arXiv 1412.6980) with β 0.9 and 0.999 and ε 1e-8, in PyTorch's form. */
  ADAM(2),
  /** Plain stochastic gradient descent, without momentum. */
  SGD(0);

  private final int stateValues;

  Optimiser(int stateValues) {
    this.stateValues = stateValues;
  }

  /** Values that it keeps per parameter from step to step. */
  public int stateValues() {
    return stateValues;
  }
}
