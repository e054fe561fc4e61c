package dev.ddpm.diffusion;

import java.util.Arrays;

/** How the noise levels are chosen that a solver of the probability flow visits. */
public enum NoiseLevels {
  /** Those of timesteps at equal distances, as {@link TimestepSpacing} places them. */
  SCHEDULE,

  /**
   * Those whose seventh roots are at equal distances (Karras et al., arXiv 2206.00364, equation 5,
   * ρ = 7): closer together the less noise there is.
   */
  KARRAS;

  private static final double RHO = 7;

  /** Where no signal is left, levels are placed as if ᾱ were 2⁻²⁴ there, as diffusers has it. */
  private static final double LARGEST = Math.sqrt((1L << 24) - 1);

  /**
   * Levels from the smallest to the largest, both included; one alone is the largest.
   *
   * @param smallest first ratio of noise to signal, above 0
   * @param largest last ratio, at least as large; infinite where no signal is left, and those below
   *     it lie then as if it were that of ᾱ = 2⁻²⁴
   * @param count how many, at least 1
   * @return ratios, increasing
   */
  static double[] karras(double smallest, double largest, int count) {
    double first = StrictMath.pow(smallest, 1 / RHO);
    double last = StrictMath.pow(Double.isInfinite(largest) ? LARGEST : largest, 1 / RHO);
    double[] sigmas = new double[count];
    Arrays.setAll(
        sigmas, i -> StrictMath.pow(first + (last - first) * i / Math.max(count - 1, 1), RHO));
    // Exactly, rather than up to the rounding of the powers; in this order, for one alone.
    sigmas[0] = smallest;
    sigmas[count - 1] = largest;
    return sigmas;
  }
}
