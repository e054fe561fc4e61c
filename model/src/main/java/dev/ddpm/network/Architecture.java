package dev.ddpm.network;

import dev.ddpm.image.ImageShape;
import java.io.Serializable;

/**
 * What a network looks like, as data. An architecture is a record that is stored with a model under
 * a name of its kind; what it takes to compute it, and what that costs, follows from its plan.
 */
public interface Architecture extends Serializable {
  /** The most rows that an embedding of classes can have. */
  int MOST_CLASSES = 1 << 20;

  /** Shape of the images that it takes and gives. */
  ImageShape imageShape();

  /**
   * Rows of its embedding of classes: one per class of images that it tells apart, and maybe one
   * for images of no class. 0 if it knows no classes.
   */
  default int classes() {
    return 0;
  }

  /** Its blocks, in an order in which they can be computed. */
  NetworkPlan plan();

  /**
   * The same without the settings that only training heeds. The weights of one architecture mean
   * the same in another if these two are equal.
   */
  Architecture forInference();
}
