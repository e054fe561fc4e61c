package dev.ddpm.spark.train;

import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * The images of one optimiser step, as they lie in the table: DL4J's {@link MultiDataSet} so that
 * it can pass through DL4J's training interfaces, but without arrays. The noised images and the
 * noise, which a stock MultiDataSet would hold, are drawn by the worker for every step anew.
 */
final class ImageMinibatch extends MultiDataSet {
  private static final long serialVersionUID = 1L;

  private final long[] ids;
  private final byte[][] pixels;

  /**
   * A minibatch.
   *
   * @param ids row ids
   * @param pixels uint8 values per image, (height, width, channels)
   */
  ImageMinibatch(long[] ids, byte[][] pixels) {
    this.ids = ids;
    this.pixels = pixels;
  }

  long[] ids() {
    return ids;
  }

  byte[][] pixels() {
    return pixels;
  }
}
