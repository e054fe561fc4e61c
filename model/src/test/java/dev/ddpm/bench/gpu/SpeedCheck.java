package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Precision;
import dev.ddpm.bench.Stopwatch;
import dev.ddpm.bench.TimedSteps;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.training.TrainingSpec;

/** Training steps and sampler steps of a network, as the jobs make them. */
final class SpeedCheck {
  /** How such checks are called. */
  static final String STEP = "SPEED";

  private SpeedCheck() {}

  /**
   * Times both. That it can be done is asked for as well; how fast it is, is not.
   *
   * @param batch images of a step
   * @param seconds of each, after half as long without counting
   */
  static void run(
      CardUnderTest card,
      String name,
      Architecture architecture,
      int batch,
      Precision precision,
      double seconds,
      Results results) {
    new Attempts(STEP, results)
        .check(
            name,
            precision,
            0,
            () -> {
              results.speeds().add(measure(card, name, architecture, batch, precision, seconds));
              return 0;
            });
  }

  private static Speed measure(
      CardUnderTest card,
      String name,
      Architecture architecture,
      int batch,
      Precision precision,
      double seconds) {
    TrainingSpec training = TimedSteps.trainingSpec(1);
    Runnable train =
        TimedSteps.training(
            WalkedNetwork.create(
                architecture,
                1,
                training.optimiser(),
                training.learningRate(),
                MemorySaving.NONE,
                card.engine().apply(precision)),
            batch,
            1);
    double trained = imagesPerSecond(train, batch, seconds);
    float[] weights = WeightInitializer.draw(ParameterLayout.of(architecture), 1);
    Runnable sample =
        TimedSteps.sampling(
            WalkedNetwork.pretrained(architecture, weights, card.engine().apply(precision)),
            architecture.imageShape().size(),
            batch,
            1);
    return new Speed(
        Speed.PROJECT,
        name,
        batch,
        Check.lower(precision),
        trained,
        imagesPerSecond(sample, batch, seconds));
  }

  private static double imagesPerSecond(Runnable step, int batch, double seconds) {
    return batch / (Stopwatch.median(Stopwatch.time(step, seconds / 2, seconds)) / 1e9);
  }
}
