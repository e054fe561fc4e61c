package dev.ddpm.network.walk;

/** What tests elsewhere see of walked networks. */
public final class Gradients {
  private Gradients() {}

  /** The gradient that a network computed last, flat. */
  public static float[] of(WalkedNetwork network) {
    return network.gradient();
  }
}
