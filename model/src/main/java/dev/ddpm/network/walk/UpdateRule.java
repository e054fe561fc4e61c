package dev.ddpm.network.walk;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.Optional;

/** An optimiser: what it makes of gradients, and what it remembers of them. */
sealed interface UpdateRule permits AdamRule, SgdRule {

  /**
   * Replaces a gradient by what is to be subtracted from the parameters.
   *
   * @param stepsMade updates before this one
   */
  void apply(int stepsMade, Tensor gradient);

  /** The values that it keeps from step to step, a vector; empty if it keeps none. */
  Optional<Tensor> state();

  /**
   * A rule that has made no step yet.
   *
   * @param parameters how many there are
   */
  static UpdateRule of(Optimiser optimiser, LearningRate rate, Engine engine, long parameters) {
    return switch (optimiser) {
      case ADAM -> new AdamRule(rate, engine, parameters);
      case SGD -> new SgdRule(rate, engine);
    };
  }
}
