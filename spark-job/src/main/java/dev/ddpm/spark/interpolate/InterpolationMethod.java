package dev.ddpm.spark.interpolate;

/** How two images are taken to where they can be mixed. */
public enum InterpolationMethod {
  /** Both get the same random noise and are mixed linearly (Ho et al., section 4.4). */
  SAME_NOISE,
  /**
   * Both are encoded by DDIM inversion and mixed along a great circle (Song et al., section 5.3).
   */
  INVERSION
}
