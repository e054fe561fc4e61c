package dev.ddpm.evaluation.extractor;

/**
 * Computes features of images, one at a time: they depend on the image alone, to the bit, and not
 * on other images. Those of a network that a library computes may depend on the type of the CPU
 * too. Serves one thread.
 */
public interface FeatureExtractor extends AutoCloseable {

  /** Numbers per image, at least 1. */
  int features();

  /**
   * Computes the features of an image.
   *
   * @param image unsigned bytes of shape (height, width, channels), row-major; not changed
   * @param to receives {@link #features} finite numbers
   * @param offset position of the first of them
   */
  void extract(byte[] image, float[] to, int offset);

  /** Releases what lies outside of the Java heap, if anything does. */
  @Override
  default void close() {}
}
