package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.bench.Stopwatch;
import dev.ddpm.bench.TimedSteps;
import dev.ddpm.diffusion.Denoiser;
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
    return new Speed(
        Speed.PROJECT,
        name,
        batch,
        Check.lower(precision),
        trained(card.engine().apply(precision), architecture, batch, seconds),
        sampled(card.engine().apply(precision), architecture, batch, seconds));
  }

  /** Of steps from uint8 images, which the card noises. */
  private static double trained(
      Engine engine, Architecture architecture, int batch, double seconds) {
    TrainingSpec training = TimedSteps.trainingSpec(1);
    try (WalkedNetwork network =
        WalkedNetwork.create(
            architecture,
            1,
            training.optimiser(),
            training.learningRate(),
            MemorySaving.NONE,
            engine)) {
      return imagesPerSecond(TimedSteps.training(network, batch, 1), batch, seconds);
    }
  }

  /** Of steps whose noise the card draws. */
  private static double sampled(
      Engine engine, Architecture architecture, int batch, double seconds) {
    float[] weights = WeightInitializer.draw(ParameterLayout.of(architecture), 1);
    try (Denoiser network = WalkedNetwork.pretrained(architecture, weights, engine)) {
      Runnable step = TimedSteps.sampling(network, architecture.imageShape().size(), batch, 1);
      return imagesPerSecond(step, batch, seconds);
    }
  }

  private static double imagesPerSecond(Runnable step, int batch, double seconds) {
    return batch / (Stopwatch.median(Stopwatch.time(step, seconds / 2, seconds)) / 1e9);
  }
}
