package dev.ddpm.spark.compare;

import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * A sampler with its own settings, as it is compared with others.
 *
 * @param sampler which
 * @param eta share of noise, of DDIM
 */
record Contestant(SamplerChoice sampler, double eta) {

  /**
   * All that are asked for, in the order of {@link SamplerChoice}.
   *
   * @param samplers of them; all if there is none
   * @param etas of DDIM, each of which makes another; {@code eta} if there is none
   * @param eta that is configured
   */
  static List<Contestant> of(
      Collection<SamplerChoice> samplers, Collection<Double> etas, double eta) {
    List<Contestant> contestants = new ArrayList<>();
    for (SamplerChoice sampler : SamplerChoice.values()) {
      boolean several = sampler == SamplerChoice.DDIM && !etas.isEmpty();
      if (!samplers.isEmpty() && !samplers.contains(sampler)) {
        continue;
      }
      double[] shares =
          several
              ? etas.stream().mapToDouble(Double::doubleValue).sorted().toArray()
              : new double[] {eta};
      Arrays.stream(shares).forEach(share -> contestants.add(new Contestant(sampler, share)));
    }
    return contestants;
  }

  /**
   * Settings of it.
   *
   * @param settings that are the same for all
   * @param steps how many, 0 for all
   * @param together images that are denoised together
   */
  SamplingConfig settings(SamplingConfig settings, int steps, int together) {
    return settings.with(sampler, eta, steps, together);
  }

  /** What it is called. */
  String name(SamplingConfig settings) {
    return sampler.describe(settings(settings, 0, 1));
  }
}
