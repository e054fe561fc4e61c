package dev.ddpm.backend;

/**
 * Inverted dropout whose mask is a function of the image's key, the layer and the element alone, so
 * that it need not be stored and does not depend on the batch an image is in.
 *
 * @param rate probability of zeroing an element, in [0, 1)
 * @param layer number of the layer within the network; each has its own mask
 */
public record Dropout(double rate, int layer) {
  private static final int RESOLUTION = 1 << 24;
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  /** First multiplier of the element hash. */
  public static final int FIRST_MULTIPLIER = 0x7feb352d;

  /** Second multiplier of the element hash. */
  public static final int SECOND_MULTIPLIER = 0x846ca68b;

  /** The mask key of an image in this layer: two independent 32-bit halves. */
  public long maskKey(long imageKey) {
    long z = imageKey + GOLDEN_GAMMA * (layer + 1L);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Elements whose hash, of 24 bits, is below this are kept. */
  public int threshold() {
    return (int) Math.round((1 - rate) * RESOLUTION);
  }

  /** What a kept element is multiplied with: 1 / (1 − rate). */
  public float scale() {
    return (float) (1 / (1 - rate));
  }

  /**
   * The 24-bit hash of an element; the finaliser of the "lowbias32" hash with the key in two
   * places.
   *
   * @param maskKey from {@link #maskKey}
   * @param element index within the image
   */
  public static int hash(long maskKey, int element) {
    int x = element + (int) maskKey;
    x = (x ^ (x >>> 16)) * FIRST_MULTIPLIER + (int) (maskKey >>> 32);
    x = (x ^ (x >>> 15)) * SECOND_MULTIPLIER;
    return (x ^ (x >>> 16)) >>> 8;
  }
}
