package dev.ddpm.evaluation.classifier;

/** Images of known classes, by number from 0 on. */
public interface LabelledImages {
  /** How many. */
  int size();

  /**
   * What the classifier takes for an image.
   *
   * @param image its number
   * @param to receives values from −1 to 1 of the shape of the input, channels last
   */
  void input(int image, float[] to);

  /** The class of an image, from 0 on. */
  int label(int image);
}
