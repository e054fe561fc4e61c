package dev.ddpm.evaluation.extractor;

import java.io.Serializable;

/**
 * The values that a network takes for black and for white.
 *
 * @param black finite
 * @param white finite, another
 */
public record ValueRange(float black, float white) implements Serializable {
  /** From −1 to 1. */
  public static final ValueRange MINUS_ONE_TO_ONE = new ValueRange(-1, 1);

  /**
   * A value of the range.
   *
   * @param share 0 for black to 1 for white
   */
  float of(float share) {
    return black + share * (white - black);
  }

  /** Such as {@code -1.0..1.0}. */
  @Override
  public String toString() {
    return black + ".." + white;
  }
}
