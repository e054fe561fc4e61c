package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Precision;
import dev.ddpm.training.Optimiser;
import java.util.Arrays;

/** Whether two runs give the same bits. */
final class DeterminismCheck {
  private static final double RATE = 1e-3;

  private DeterminismCheck() {}

  /** Errors are numbers of weights that differ after so many steps of so many images. */
  static void run(CardUnderTest card, int steps, int images, Attempts attempts) {
    for (Precision precision : Limits.PRECISIONS) {
      attempts.check(
          "weights that differ after %d steps of two runs".formatted(steps),
          precision,
          0,
          () ->
              differing(
                  weights(card, precision, steps, images),
                  weights(card, precision, steps, images)));
    }
  }

  private static float[] weights(CardUnderTest card, Precision precision, int steps, int images) {
    try (SmallTraining training =
        new SmallTraining(card.engine().apply(precision), Optimiser.ADAM, RATE, images)) {
      float[] before = training.weights();
      training.train(steps);
      float[] after = training.weights();
      if (Arrays.equals(before, after)) {
        throw new IllegalStateException("The steps have changed no weight");
      }
      return after;
    }
  }

  private static int differing(float[] a, float[] b) {
    int differing = 0;
    for (int i = 0; i < a.length; i++) {
      if (Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i])) {
        differing++;
      }
    }
    return differing;
  }
}
