package dev.ddpm.kernel.vector;

import static dev.ddpm.kernel.vector.Floats.LANES;
import static dev.ddpm.kernel.vector.Floats.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * e^x of an array that stays in the nearest cache.
 *
 * <p>A loop of its own and not a function of a vector: the compiler does not inline a function that
 * is this large once it has been compiled by itself, and then its arguments and results are
 * objects.
 */
final class Exponential {
  private static final float LOG2_E = 1.442695f;

  /** Beyond this the sigmoid is 0 or 1 in float32, and 2^n would leave the range of exponents. */
  private static final float LIMIT = 87;

  /** 1.5 · 2^23: adding it leaves the rounded integer in the low bits of the mantissa. */
  private static final float ROUNDER = 12_582_912f;

  private Exponential() {}

  /**
   * Replaces x by e^x for |x| ≤ 87, with a relative error below 4e-7 for |x| ≤ 10 and 3e-6
   * elsewhere; beyond, by e^±87. Range reduction by the rounding trick, 2^r by the polynomial of
   * degree 5 with 2^0 = 1 that minimises the largest relative error on [−½, ½], 1e-7: no conversion
   * between int and float.
   *
   * @param count values, a multiple of the vector length
   */
  static void apply(float[] values, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector x = fromArray(SPECIES, values, i).max(-LIMIT).min(LIMIT);
      FloatVector rounded = x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
      FloatVector r = x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(rounded));
      FloatVector power =
          broadcast(SPECIES, 1.3264726e-3f)
              .fma(r, broadcast(SPECIES, 9.671513e-3f))
              .fma(r, broadcast(SPECIES, 5.5507336e-2f))
              .fma(r, broadcast(SPECIES, 0.24022242f))
              .fma(r, broadcast(SPECIES, 0.693147f))
              .fma(r, broadcast(SPECIES, 1));
      IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      power.reinterpretAsInts().add(exponent).reinterpretAsFloats().intoArray(values, i);
    }
  }
}
