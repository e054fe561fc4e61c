package dev.ddpm.training;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * An average of the weights over a run in which those that were reached after t of n images count
 * in proportion to t^γ (Karras et al., arXiv 2312.02696). Unlike a decay per step it reaches back
 * over the same share of a run however long that has become, and it forgets the weights that were
 * drawn.
 *
 * @param width the standard deviation of t under the profile as a share of n, in [{@value
 *     #NARROWEST}, {@value #WIDEST}]; nearly 0.29 would be the plain mean over the run
 */
public record PowerProfile(double width) implements Serializable {
  /** Smallest width. */
  public static final double NARROWEST = 0.01;

  /** Largest width. */
  public static final double WIDEST = 0.28;

  /** The same as an interval. */
  public static final String WIDTHS = "[" + NARROWEST + ", " + WIDEST + "]";

  /** Beyond that of {@link #NARROWEST}. */
  private static final double LARGEST_EXPONENT = 1000;

  /**
   * Checks the bounds.
   *
   * @throws DdpmException (user) naming the value and what is allowed
   */
  public PowerProfile {
    if (!(width >= NARROWEST && width <= WIDEST)) {
      throw DdpmException.user(
          "width = %s: must be at least %s and at most %s.", width, NARROWEST, WIDEST);
    }
  }

  /**
   * γ: the largest root of γ³ + 7γ² + (16 − σ⁻²)γ + 12 − σ⁻², which is where (γ+2)²(γ+3)/(γ+1) is
   * σ⁻². That ratio rises from γ = 0 on, so the root is found by halving.
   */
  public double exponent() {
    double wanted = 1 / (width * width);
    double low = 0;
    double high = LARGEST_EXPONENT;
    while (true) {
      double middle = (low + high) / 2;
      if (middle <= low || middle >= high) {
        return middle;
      }
      if ((middle + 2) * (middle + 2) * (middle + 3) / (middle + 1) < wanted) {
        low = middle;
      } else {
        high = middle;
      }
    }
  }

  /**
   * The part of the average that weights keep when further images are trained on: β = (1 − b/n)^(γ
   * + 1) for a step of b images that ends at n. Several steps at once keep the product of what each
   * would.
   *
   * @param before images until the last update; 0 at the first, which keeps nothing
   * @param after images by now, more than before
   * @return in [0, 1); the same to the bit on every machine
   */
  public double decay(long before, long after) {
    return StrictMath.pow((double) before / after, exponent() + 1);
  }
}
