package dev.ddpm.evaluation.classifier;

import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.image.ImageShape;

/**
 * A trained classifier that computes one image at a time, in float32 and in a fixed order: the same
 * bits on every JVM. It serves one thread.
 */
public final class Classifier {
  private final ClassifierPlan plan;
  private final ConvolutionStage[] stages;
  private final DenseLayer featureLayer;
  private final DenseLayer classLayer;
  private final float[] features = new float[ClassifierPlan.FEATURES];
  private final float[] scores;

  /**
   * A classifier with given weights, which are copied.
   *
   * @param plan what it looks like
   * @param weights the tensors of {@link ClassifierPlan#tensors}
   */
  public Classifier(ClassifierPlan plan, NamedTensors weights) {
    this.plan = plan;
    this.stages =
        plan.stages().stream()
            .map(s -> new ConvolutionStage(s, weights.values(s.weight()), weights.values(s.bias())))
            .toArray(ConvolutionStage[]::new);
    this.featureLayer =
        new DenseLayer(
            channelsLast(weights.values("features.weight"), plan.pooled()),
            weights.values("features.bias"));
    this.classLayer =
        new DenseLayer(weights.values("classes.weight"), weights.values("classes.bias"));
    this.scores = new float[plan.classes()];
  }

  /** Reorders the inputs of a layer from (channel, row, column) to (row, column, channel). */
  private static float[] channelsLast(float[] weights, ImageShape shape) {
    int positions = shape.height() * shape.width();
    float[] reordered = new float[weights.length];
    for (int row = 0; row < weights.length; row += shape.size()) {
      for (int c = 0; c < shape.channels(); c++) {
        for (int p = 0; p < positions; p++) {
          reordered[row + p * shape.channels() + c] = weights[row + c * positions + p];
        }
      }
    }
    return reordered;
  }

  /** What it looks like. */
  public ClassifierPlan plan() {
    return plan;
  }

  /**
   * Describes an image by {@value ClassifierPlan#FEATURES} numbers.
   *
   * @param input pixels from −1 to 1, of the shape of the input, channels last
   * @return overwritten by the next image
   */
  public float[] features(float[] input) {
    float[] image = input;
    for (ConvolutionStage stage : stages) {
      image = stage.compute(image);
    }
    featureLayer.compute(image, features);
    for (int i = 0; i < features.length; i++) {
      features[i] = Math.max(0, features[i]);
    }
    return features;
  }

  /**
   * The score of each class, greatest for that which the image is taken for.
   *
   * @param input as of {@link #features}
   * @return overwritten by the next image
   */
  public float[] scores(float[] input) {
    classLayer.compute(features(input), scores);
    return scores;
  }

  /** The class with the greatest score; the first of several. */
  public int classOf(float[] input) {
    return classOfFeatures(features(input));
  }

  /** The same of an image that {@link #features} has described. */
  int classOfFeatures(float[] ofImage) {
    classLayer.compute(ofImage, scores);
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }
}
