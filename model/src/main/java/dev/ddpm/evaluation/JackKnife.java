package dev.ddpm.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How much a figure of a set varies by chance, from what it is without each of the set's parts
 * (Tukey 1958).
 */
public final class JackKnife {
  private JackKnife() {}

  /**
   * The variance of a figure of the whole set, the square of its standard error.
   *
   * @param parts moments of the set's parts, at least two, of about the same size
   * @param figure of the merged moments of all parts but one
   */
  public static double variance(
      List<FeatureMoments> parts, ToDoubleFunction<FeatureMoments> figure) {
    double[] without = new double[parts.size()];
    for (int part = 0; part < without.length; part++) {
      List<FeatureMoments> others = new ArrayList<>(parts);
      others.remove(part);
      without[part] = figure.applyAsDouble(FeatureMoments.merged(others));
    }
    double mean = Arrays.stream(without).sum() / without.length;
    double squares = 0;
    for (double value : without) {
      squares += (value - mean) * (value - mean);
    }
    return squares * (without.length - 1) / without.length;
  }
}
