package dev.ddpm.backend.cuda;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;

/** What tests elsewhere see of the emulated card. */
public final class EmulatedCard {
  private EmulatedCard() {}

  /** An engine on a card of its own. */
  public static Engine engine(Precision precision) {
    return new CudaEngine(new EmulatedDevice(), precision);
  }
}
