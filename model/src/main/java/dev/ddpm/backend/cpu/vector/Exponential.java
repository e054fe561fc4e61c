package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
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

  private static final float C1 = 0.693147f;
  private static final float C2 = 0.24022242f;
  private static final float C3 = 5.5507336e-2f;
  private static final float C4 = 9.671513e-3f;
  private static final float C5 = 1.3264726e-3f;

  private static final int PAIR = 2 * LANES;

  private Exponential() {}

  /** The length of an array with room for some values: {@link #apply} works on whole pairs. */
  static int room(int count) {
    return (count + PAIR - 1) / PAIR * PAIR;
  }

  /**
   * Replaces x by e^x for |x| ≤ 87, with a relative error below 4e-7 for |x| ≤ 10 and 3e-6
   * elsewhere; beyond, by e^±87. Range reduction by the rounding trick, 2^r by the polynomial of
   * degree 5 with 2^0 = 1 that minimises the largest relative error on [−½, ½], 1e-7: no conversion
   * between int and float.
   *
   * <p>Two vectors at a time, for their independence, and because a method of this size is never
   * inlined: inside of a large caller the loop took three times as long.
   *
   * @param values an array of the length {@link #room} or longer
   * @param count values; what lies up to the end of a pair is replaced too
   */
  static void apply(float[] values, int count) {
    for (int i = 0; i < count; i += PAIR) {
      FloatVector x = fromArray(SPECIES, values, i).max(-LIMIT).min(LIMIT);
      FloatVector y = fromArray(SPECIES, values, i + LANES).max(-LIMIT).min(LIMIT);
      FloatVector roundedX = x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
      FloatVector roundedY = y.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
      FloatVector restX =
          x.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(roundedX));
      FloatVector restY =
          y.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(roundedY));
      FloatVector powerX =
          broadcast(SPECIES, C5)
              .fma(restX, broadcast(SPECIES, C4))
              .fma(restX, broadcast(SPECIES, C3))
              .fma(restX, broadcast(SPECIES, C2))
              .fma(restX, broadcast(SPECIES, C1))
              .fma(restX, broadcast(SPECIES, 1));
      FloatVector powerY =
          broadcast(SPECIES, C5)
              .fma(restY, broadcast(SPECIES, C4))
              .fma(restY, broadcast(SPECIES, C3))
              .fma(restY, broadcast(SPECIES, C2))
              .fma(restY, broadcast(SPECIES, C1))
              .fma(restY, broadcast(SPECIES, 1));
      IntVector exponentX = roundedX.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      IntVector exponentY = roundedY.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      powerX.reinterpretAsInts().add(exponentX).reinterpretAsFloats().intoArray(values, i);
      powerY.reinterpretAsInts().add(exponentY).reinterpretAsFloats().intoArray(values, i + LANES);
    }
  }
}
