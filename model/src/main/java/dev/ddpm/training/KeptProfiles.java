package dev.ddpm.training;

import java.util.List;

/**
 * The two averages of the weights that a run keeps so that any other can be made of them when it is
 * over: see {@link ProfileMix}. Both are in one vector, the first before the second.
 */
public final class KeptProfiles {
  /** Narrow and wide, as in the paper. */
  public static final List<PowerProfile> PROFILES =
      List.of(new PowerProfile(0.05), new PowerProfile(0.1));

  private KeptProfiles() {}

  /** Averages before the first update, which does not look at them. */
  public static float[] initial(int weights) {
    return new float[PROFILES.size() * weights];
  }

  /**
   * Moves the averages towards new weights.
   *
   * @param averages all averages, updated in place
   * @param weights the weights by now
   * @param before images that the run had been trained on at the last update; 0 for the first
   * @param after images by now
   */
  public static void update(float[] averages, float[] weights, long before, long after) {
    for (int profile = 0; profile < PROFILES.size(); profile++) {
      double take = 1 - PROFILES.get(profile).decay(before, after);
      int base = profile * weights.length;
      for (int i = 0; i < weights.length; i++) {
        double average = averages[base + i];
        averages[base + i] = (float) (average + take * (weights[i] - average));
      }
    }
  }
}
