package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.ImageBound;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What an evaluation has come to, with everything it depends on.
 *
 * @param modelHash identity of description and weights
 * @param data path of the image table
 * @param images number of images: the ids 0 to images − 1
 * @param timestepsPerImage transitions that were computed per image
 * @param timesteps of the model
 * @param variance of the reverse process
 * @param seed of the noise
 * @param bitsPerDim the bound: the sum of the three means
 * @param standardError of {@code bitsPerDim}, from the spread of the images; 0 for a single one
 * @param decoder L_0
 * @param transitions Σ L_{t−1} over t ≥ 1
 * @param prior L_T
 */
public record EvaluationSummary(
    String modelHash,
    String data,
    long images,
    int timestepsPerImage,
    int timesteps,
    String variance,
    long seed,
    double bitsPerDim,
    double standardError,
    double decoder,
    double transitions,
    double prior) {

  /** The mean over images; added in their order, so that it is the same to the bit. */
  static double mean(List<ImageBound> bounds, ToDoubleFunction<ImageBound> part) {
    double sum = 0;
    for (ImageBound bound : bounds) {
      sum += part.applyAsDouble(bound);
    }
    return sum / bounds.size();
  }

  /** Standard error of the mean of the bounds. */
  static double standardError(List<ImageBound> bounds) {
    double mean = mean(bounds, ImageBound::bitsPerDim);
    double squares = 0;
    for (ImageBound bound : bounds) {
      squares += Math.pow(bound.bitsPerDim() - mean, 2);
    }
    return Math.sqrt(squares / Math.max(1, bounds.size() - 1) / bounds.size());
  }
}
