package dev.ddpm.evaluation;

import java.util.List;

/**
 * How much a {@link FrechetDistance} varies by chance, as far as one of the two sets decides it.
 */
public final class FrechetError {
  /** With more features, the many eigenvalues of the jack-knife would cost more than the rest. */
  private static final int MOST_FEATURES_OF_JACK_KNIFE = 512;

  private FrechetError() {}

  /** Whether the distance of vectors of so many numbers is computed without each of ten parts. */
  public static boolean isByJackKnife(int features) {
    return features <= MOST_FEATURES_OF_JACK_KNIFE;
  }

  /**
   * The variance of the distance, the square of its standard error: by the jack-knife, or for many
   * features from the distances of two halves.
   *
   * @param real moments of the set that is kept
   * @param samples moments of the parts of the other set, at least two, of about the same size
   */
  public static double variance(FeatureMoments real, List<FeatureMoments> samples) {
    if (isByJackKnife(real.features())) {
      return JackKnife.variance(samples, some -> FrechetDistance.between(real, some));
    }
    int half = samples.size() / 2;
    double first = FrechetDistance.between(real, FeatureMoments.merged(samples.subList(0, half)));
    double second =
        FrechetDistance.between(real, FeatureMoments.merged(samples.subList(half, samples.size())));
    return (first - second) * (first - second) / 4;
  }
}
