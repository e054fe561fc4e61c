package dev.ddpm.network.walk;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.training.LearningRate;
import java.util.Optional;

/** Plain stochastic gradient descent: the update is the gradient times the rate. */
final class SgdRule implements UpdateRule {
  private final LearningRate rate;
  private final Kernels kernels;
  private final Tensor factor;

  SgdRule(LearningRate rate, Engine engine) {
    this.rate = rate;
    this.kernels = engine.kernels();
    this.factor = engine.allocate(1);
  }

  @Override
  public void apply(int stepsMade, Tensor gradient) {
    factor.upload(new double[] {rate.at(stepsMade)});
    kernels.scaleRows(factor, gradient.reshape(1, gradient.length()));
  }

  @Override
  public Optional<Tensor> state() {
    return Optional.empty();
  }
}
