package dev.ddpm.training;

import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;

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

  /** DL4J's configuration of this rule. */
  IUpdater updater(ISchedule learningRate) {
    return switch (this) {
      case ADAM -> TorchAdam.scheduled(learningRate);
      case SGD -> new Sgd(learningRate);
    };
  }
}
