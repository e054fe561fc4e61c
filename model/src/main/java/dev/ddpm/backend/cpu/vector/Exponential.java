package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * e^x, and swish that is made of it, of an array that stays in the nearest cache.
 *
 * <p>Range reduction by the rounding trick, 2^r by the polynomial of degree 5 with 2^0 = 1 that
 * minimises the largest relative error on [−½, ½], 1e-7: no conversion between int and float.
 *
 * <p>Loops of their own and not a function of a vector: the compiler does not inline a function
 * that is this large once it has been compiled by itself, and then its arguments and results are
 * objects.
 */
final class Exponential {
  static final float LOG2_E = 1.442695f;

  /**
   * The bits of 87. Beyond it the sigmoid is 0 or 1 in float32, and 2^n would leave the range of
   * exponents. Magnitudes are compared as integers, whose order is the same: comparing floats as
   * Java defines it, with NaN and −0, takes ten instructions.
   */
  static final int LIMIT = Float.floatToRawIntBits(87);

  static final int SIGN = 1 << 31;

  /** 1.5 · 2^23: adding it leaves the rounded integer in the low bits of the mantissa. */
  static final float ROUNDER = 12_582_912f;

  static final float C1 = 0.693147f;
  static final float C2 = 0.24022242f;
  static final float C3 = 5.5507336e-2f;
  static final float C4 = 9.671513e-3f;
  static final float C5 = 1.3264726e-3f;

  private Exponential() {}

  /**
   * Replaces x by e^x for |x| ≤ 87, with a relative error below 4e-7 for |x| ≤ 10 and 3e-6
   * elsewhere; beyond, and for NaN, by e^±87.
   *
   * @param values an array that ends with a whole vector
   * @param count values; what lies up to the end of a vector is replaced too
   */
  static void apply(float[] values, int count) {
    for (int i = 0; i < count; i += LANES) {
      IntVector bits = fromArray(SPECIES, values, i).reinterpretAsInts();
      FloatVector x = bits.and(~SIGN).min(LIMIT).or(bits.and(SIGN)).reinterpretAsFloats();
      FloatVector rounded = x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
      FloatVector rest =
          x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(rounded));
      FloatVector power =
          broadcast(SPECIES, C5)
              .fma(rest, broadcast(SPECIES, C4))
              .fma(rest, broadcast(SPECIES, C3))
              .fma(rest, broadcast(SPECIES, C2))
              .fma(rest, broadcast(SPECIES, C1))
              .fma(rest, broadcast(SPECIES, 1));
      IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      power.reinterpretAsInts().add(exponent).reinterpretAsFloats().intoArray(values, i);
    }
  }

  /**
   * Replaces x by x / (1 + e^−x), with the e^−x of {@link #apply}; NaN stays NaN.
   *
   * @param values an array that ends with a whole vector
   * @param count values; what lies up to the end of a vector is replaced too
   */
  static void swish(float[] values, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector value = fromArray(SPECIES, values, i);
      IntVector bits = value.neg().reinterpretAsInts();
      FloatVector x = bits.and(~SIGN).min(LIMIT).or(bits.and(SIGN)).reinterpretAsFloats();
      FloatVector rounded = x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
      FloatVector rest =
          x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(rounded));
      FloatVector power =
          broadcast(SPECIES, C5)
              .fma(rest, broadcast(SPECIES, C4))
              .fma(rest, broadcast(SPECIES, C3))
              .fma(rest, broadcast(SPECIES, C2))
              .fma(rest, broadcast(SPECIES, C1))
              .fma(rest, broadcast(SPECIES, 1));
      IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      FloatVector e = power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
      value.div(e.add(1)).intoArray(values, i);
    }
  }
}
