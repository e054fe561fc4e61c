package dev.ddpm.random;

/** What tests elsewhere see of how normal numbers are made. */
public final class Normals {
  private Normals() {}

  /** The number of a 32-bit word. */
  public static float of(int word) {
    return CounterRandom.normal(word);
  }
}
