package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.Device;
import java.nio.file.Path;
import java.util.List;

/** The steps of the check of a card, the cheapest that tell most first. */
enum Step {
  /** What machine it is. Nothing else is tried if this fails. */
  DEVICE(40) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      new Attempts(name(), results)
          .check("a card that answers", Precision.FLOAT32, 0, () -> describe(card, results));
    }

    private static double describe(CardUnderTest card, Results results) {
      try (Device device = card.device().get()) {
        results.machine().add(device.describe());
      }
      return 0;
    }
  },

  /** What jobs ask of a card before they start: of a sound one, in every precision. */
  EXAMINATION(60) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      Attempts attempts = new Attempts(name(), results);
      for (Precision precision : Limits.PRECISIONS) {
        attempts.check(
            "passes for sound", precision, 0, () -> card.examine().apply(precision).number());
      }
    }
  },

  /** Products, kernels and noise. */
  PIECES(60) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      Attempts attempts = new Attempts(name(), results);
      CardUnderTest sharing = card.sharingEngines();
      ProductCheck.run(sharing, attempts);
      KernelCheck.run(sharing, attempts);
      GroupNormCheck.run(sharing, attempts);
      NoiseCheck.run(sharing, 256, attempts);
    }
  },

  /** Every kind of convolution, attention and residual blocks. */
  LAYERS(60) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      LayerCheck.run(card.sharingEngines(), new Attempts(name(), results));
    }
  },

  NETWORKS(60) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      NetworkCheck.run(card, GOLDEN_NETWORKS, new Attempts(name(), results));
    }
  },

  AGREEMENT(30) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      AgreementCheck.run(card, cpuResults, new Attempts(name(), results));
    }
  },

  DETERMINISM(30) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      DeterminismCheck.run(card, 20, 8, new Attempts(name(), results));
    }
  },

  LEARNING(40) {
    @Override
    void run(CardUnderTest card, Path cpuResults, Results results) {
      LearningCheck.run(card, 200, 32, 0.5, new Attempts(name(), results));
    }
  };

  /** Those that the bundle has room for. */
  static final List<String> GOLDEN_NETWORKS = List.of("tiny", "rgb_attn2", "unet2d_classes_small");

  private final int seconds;

  Step(int seconds) {
    this.seconds = seconds;
  }

  /** How long it may take. */
  int seconds() {
    return seconds;
  }

  /**
   * Does it.
   *
   * @param cpuResults what {@link CpuResults} wrote
   * @param results receives what was found
   */
  abstract void run(CardUnderTest card, Path cpuResults, Results results);
}
