package dev.ddpm.network.walk;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.training.LearningRate;
import java.util.Optional;

/** Adam with PyTorch's defaults. Its state is all means, then all mean squares. */
final class AdamRule implements UpdateRule {
  private final LearningRate rate;
  private final Kernels kernels;
  private final Tensor state;
  private final Tensor means;
  private final Tensor squares;

  AdamRule(LearningRate rate, Engine engine, long parameters) {
    this.rate = rate;
    this.kernels = engine.kernels();
    this.state = engine.allocate(2 * parameters);
    this.means = state.slice(0, parameters);
    this.squares = state.slice(parameters, parameters);
  }

  @Override
  public void apply(int stepsMade, Tensor gradient) {
    kernels.adam(new AdamStep(rate.at(stepsMade), stepsMade + 1), gradient, means, squares);
  }

  @Override
  public Optional<Tensor> state() {
    return Optional.of(state);
  }
}
