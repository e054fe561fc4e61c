package dev.ddpm.evaluation.extractor;

import java.util.List;

/**
 * The last step of a classifier: tells the class of an image by its features. Serves one thread.
 */
public interface FeatureClasses {

  /** Number of classes. */
  int count();

  /** What they are called, by their numbers; empty if nobody said it when it was trained. */
  List<String> names();

  /**
   * The class that an image is taken for.
   *
   * @param features of the image, as {@link FeatureExtractor#extract} computes them
   * @return 0 to {@link #count} − 1; of classes that are as likely, the first
   */
  int classOf(float[] features);
}
