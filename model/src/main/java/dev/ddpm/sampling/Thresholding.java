package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import java.io.Serializable;
import java.util.Arrays;

/** What is done to a predicted clean image before it is used: real images have bounded values. */
public sealed interface Thresholding extends Serializable {

  /** Leaves predictions as they are. */
  Thresholding NONE = new None();

  /** Clips predictions to the range of real images. */
  static Thresholding clip(DataRange range) {
    return new Clip(range.minimum(), range.maximum());
  }

  /**
   * Thresholds one image in place.
   *
   * @param x0 images
   * @param offset position of the image
   * @param length elements of the image
   * @param scratch at least {@code length} elements to work in
   */
  void apply(float[] x0, int offset, int length, float[] scratch);

  /** Leaves predictions as they are. */
  record None() implements Thresholding {
    @Override
    public void apply(float[] x0, int offset, int length, float[] scratch) {}
  }

  /**
   * Clips every value.
   *
   * @param minimum smallest value left
   * @param maximum largest value left
   */
  record Clip(float minimum, float maximum) implements Thresholding {
    @Override
    public void apply(float[] x0, int offset, int length, float[] scratch) {
      for (int i = offset; i < offset + length; i++) {
        x0[i] = Math.min(Math.max(x0[i], minimum), maximum);
      }
    }
  }

  /**
   * Dynamic thresholding (Saharia et al., arXiv 2205.11487, section 2.3), for images in −1..1:
   * clips to ±s and divides by s, where s is a quantile of the image's absolute values, but at
   * least 1 and at most a bound.
   *
   * @param quantile which quantile, in (0, 1]; 0.995 in the paper
   * @param largest largest s, at least 1
   */
  record Dynamic(double quantile, double largest) implements Thresholding {
    /**
     * Checks the parameters.
     *
     * @throws DdpmException (user) if one is out of range
     */
    public Dynamic {
      if (!(quantile > 0 && quantile <= 1)) {
        throw DdpmException.user(
            "Dynamic thresholding at the quantile %s: must be above 0 and at most 1.", quantile);
      }
      if (!(largest >= 1)) {
        throw DdpmException.user("Dynamic thresholding up to %s: must be at least 1.", largest);
      }
    }

    @Override
    public void apply(float[] x0, int offset, int length, float[] scratch) {
      for (int i = 0; i < length; i++) {
        scratch[i] = Math.abs(x0[offset + i]);
      }
      Arrays.sort(scratch, 0, length);
      double position = quantile * (length - 1);
      int below = (int) position;
      int above = Math.min(below + 1, length - 1);
      double value = scratch[below] + (position - below) * (scratch[above] - scratch[below]);
      float bound = (float) Math.min(Math.max(value, 1), largest);
      for (int i = offset; i < offset + length; i++) {
        x0[i] = Math.min(Math.max(x0[i], -bound), bound) / bound;
      }
    }
  }
}
