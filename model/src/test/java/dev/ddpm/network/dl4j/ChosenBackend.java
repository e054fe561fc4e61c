package dev.ddpm.network.dl4j;

import dev.ddpm.backend.TestedBackend;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;

/** Networks of DL4J's on a back end that a test chooses, not the best one. */
public final class ChosenBackend {
  private ChosenBackend() {}

  /** As {@link Dl4jNetwork#create}. */
  public static Dl4jNetwork create(
      TestedBackend backend,
      Architecture architecture,
      long seed,
      Optimiser optimiser,
      LearningRate rate,
      MemorySaving saving) {
    Dl4jNetwork network = Dl4jNetwork.create(architecture, seed, optimiser, rate, saving);
    network.use(backend.backend());
    return network;
  }
}
