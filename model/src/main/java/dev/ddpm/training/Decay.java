package dev.ddpm.training;

/** How the learning rate falls after the warm-up. */
public enum Decay {
  /** Not at all, as in Ho et al. */
  CONSTANT,
  /** Along half a cosine from the full rate to 0 (SGDR without restarts, arXiv 1608.03983). */
  COSINE,
  /** Along a straight line from the full rate to 0. */
  LINEAR;

  /** The share of the full rate that is left at a progress of 0..1. */
  double share(double progress) {
    return switch (this) {
      case CONSTANT -> 1;
      // StrictMath: the same rate on every JVM.
      case COSINE -> 0.5 * (1 + StrictMath.cos(Math.PI * progress));
      case LINEAR -> 1 - progress;
    };
  }
}
