package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Precision;
import dev.ddpm.training.Optimiser;
import java.util.Arrays;

/** Whether the loss falls. */
final class LearningCheck {
  private static final double RATE = 1e-3;

  private LearningCheck() {}

  /**
   * Errors are the mean loss of the last tenth of the steps as a share of that of the first tenth.
   *
   * @param images of a step
   * @param limit of that share
   */
  static void run(CardUnderTest card, int steps, int images, double limit, Attempts attempts) {
    for (Precision precision : Limits.PRECISIONS) {
      attempts.check(
          "share of the loss that %d steps leave".formatted(steps),
          precision,
          limit,
          () -> {
            try (SmallTraining training =
                new SmallTraining(card.engine().apply(precision), Optimiser.ADAM, RATE, images)) {
              double[] losses = training.train(steps);
              int tenth = Math.max(1, steps / 10);
              return mean(losses, steps - tenth, steps) / mean(losses, 0, tenth);
            }
          });
    }
  }

  private static double mean(double[] losses, int from, int to) {
    return Arrays.stream(losses, from, to).average().orElseThrow();
  }
}
