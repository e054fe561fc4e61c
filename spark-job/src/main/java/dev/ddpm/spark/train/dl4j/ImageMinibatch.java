package dev.ddpm.spark.train.dl4j;

import dev.ddpm.spark.train.round.ImageBatch;
import org.apache.spark.api.java.JavaRDD;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * An {@link ImageBatch} as DL4J's {@link MultiDataSet}, so that it can pass through DL4J's training
 * interfaces, but without arrays: the noised images and the noise, which a stock MultiDataSet would
 * hold, are drawn by the worker.
 */
final class ImageMinibatch extends MultiDataSet {
  private static final long serialVersionUID = 1L;

  private final ImageBatch images;

  ImageMinibatch(ImageBatch images) {
    this.images = images;
  }

  /** All minibatches of an epoch, in the same partitions. */
  static JavaRDD<org.nd4j.linalg.dataset.api.MultiDataSet> of(JavaRDD<ImageBatch> epoch) {
    return epoch.map(ImageMinibatch::new);
  }

  /**
   * The images of a minibatch.
   *
   * @throws IllegalArgumentException if it is one of DL4J's own
   */
  static ImageBatch imagesOf(org.nd4j.linalg.dataset.api.MultiDataSet minibatch) {
    if (!(minibatch instanceof ImageMinibatch own)) {
      throw new IllegalArgumentException(
          "%s: this training takes minibatches of images as EpochRows makes them."
              .formatted(minibatch.getClass().getName()));
    }
    return own.images();
  }

  ImageBatch images() {
    return images;
  }
}
