package dev.ddpm.backend;

import dev.ddpm.backend.cuda.EmulatedCard;

/** All engines in float32, a card's on one that is emulated. */
public enum TestedEngine {
  /** ND4J's operations. */
  PORTABLE,

  /** Vector API code and oneDNN. */
  CPU,

  /** Kernels for CUDA, computed by g++'s code; the test is skipped where that is not. */
  EMULATED_CARD;

  /** For one network, which closes it. */
  public Engine open() {
    return switch (this) {
      case PORTABLE -> TestedBackend.PORTABLE.engine();
      case CPU -> TestedBackend.CPU.engine();
      case EMULATED_CARD -> EmulatedCard.engine(Precision.FLOAT32);
    };
  }
}
