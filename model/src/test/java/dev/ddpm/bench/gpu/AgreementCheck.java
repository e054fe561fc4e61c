package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.training.Optimiser;
import java.nio.file.Path;

/**
 * Weights after three steps of a small network from uint8 images, which the card noises, against
 * those of a CPU.
 */
final class AgreementCheck {
  private static final int STEPS = 3;
  private static final int IMAGES = 4;

  /** Plain descent shows gradients as they are; Adam would make noise of those near zero. */
  private static final double RATE = 0.1;

  private AgreementCheck() {}

  /** The weights before the steps and after them. */
  static float[][] weights(Engine engine) {
    try (SmallTraining training = new SmallTraining(engine, Optimiser.SGD, RATE, IMAGES)) {
      float[] before = training.weights();
      training.train(STEPS);
      return new float[][] {before, training.weights()};
    }
  }

  /** Errors are shares of the largest change of a weight. */
  static void run(CardUnderTest card, Path cpuResults, Attempts attempts) {
    for (Precision precision : Limits.PRECISIONS) {
      attempts.relative(
          "change of the weights in %d steps".formatted(STEPS),
          precision,
          () -> error(weights(card.engine().apply(precision)), CpuResults.read(cpuResults)));
    }
  }

  private static double error(float[][] actual, float[][] expected) {
    if (Limits.difference(actual[0], expected[0]) != 0) {
      throw new IllegalStateException("The weights differ before the first step");
    }
    return Limits.difference(actual[1], expected[1]) / Limits.difference(expected[1], expected[0]);
  }
}
