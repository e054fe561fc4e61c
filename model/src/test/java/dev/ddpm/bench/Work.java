package dev.ddpm.bench;

import dev.ddpm.backend.Precision;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.NetworkPlan;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.training.TrainingSpec;

/** What is repeated and timed: exactly what a task of the training or sampling job repeats. */
enum Work {
  /** Flip, draw t and ε, q_sample, forward, loss, backward, Adam. */
  TRAIN {
    @Override
    Runnable prepare(Network network, int batch, Precision precision, int worker) {
      if (precision != Precision.FLOAT32) {
        throw new IllegalArgumentException("Networks are not trained in " + precision);
      }
      TrainingSpec training = TimedSteps.trainingSpec(worker);
      return TimedSteps.training(
          Dl4jNetwork.create(
              network.architecture(), worker, training.optimiser(), training.learningRate()),
          batch,
          worker);
    }

    @Override
    long flops(NetworkPlan plan) {
      return plan.trainingFlops();
    }
  },

  /** One ancestral step: predict ε, x̂0, the posterior's mean, fresh noise. */
  SAMPLE {
    @Override
    Runnable prepare(Network network, int batch, Precision precision, int worker) {
      Architecture architecture = network.architecture();
      return TimedSteps.sampling(
          Dl4jNetwork.pretrained(
              architecture,
              WeightInitializer.draw(ParameterLayout.of(architecture), worker),
              precision),
          architecture.imageShape().size(),
          batch,
          worker);
    }

    @Override
    long flops(NetworkPlan plan) {
      return plan.forwardFlops();
    }
  };

  /**
   * Builds everything that is built once.
   *
   * @param batch images of a step
   * @param precision what the network computes in
   * @param worker number of the worker, which has a model and data of its own
   * @return one step
   */
  abstract Runnable prepare(Network network, int batch, Precision precision, int worker);

  /** Floating-point operations of a step per image. */
  abstract long flops(NetworkPlan plan);
}
