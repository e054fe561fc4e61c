package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.bench.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The check of a card with one network and few steps, in one process, for cards that are slow. */
public final class ReducedCheck {
  private static final int STEPS = 12;

  private ReducedCheck() {}

  /**
   * Runs it.
   *
   * @param folder for the CPU's results
   */
  public static Results run(CardUnderTest card, Path folder) throws IOException {
    Path cpuResults = folder.resolve("cpu.bin");
    CpuResults.write(
        AgreementCheck.weights(
            Backends.best(Nd4jBackend.class, Precision.FLOAT32).create(Precision.FLOAT32)),
        cpuResults);
    Results results = new Results();
    Step.DEVICE.run(card, cpuResults, results);
    examine(card, results);
    runWithoutOthers(card, results);
    Step.LAYERS.run(card, cpuResults, results);
    NetworkCheck.run(
        card, List.of("unet2d_classes_small"), new Attempts(Step.NETWORKS.name(), results));
    Step.AGREEMENT.run(card, cpuResults, results);
    LearningCheck.run(card, STEPS, 2, 0.95, new Attempts(Step.LEARNING.name(), results));
    SpeedCheck.run(card, "TINY", Network.TINY.architecture(), 1, Precision.FLOAT32, 0, results);
    return results;
  }

  /** What jobs ask of a card. */
  public static void examine(CardUnderTest card, Results results) {
    Step.EXAMINATION.run(card, null, results);
  }

  /** What needs no results of others. */
  public static void runWithoutOthers(CardUnderTest card, Results results) {
    Step.PIECES.run(card, null, results);
    DeterminismCheck.run(card, 2, 1, new Attempts(Step.DETERMINISM.name(), results));
  }
}
