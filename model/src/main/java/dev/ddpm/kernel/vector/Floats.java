package dev.ddpm.kernel.vector;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Loads, stores and the elementary functions on vectors of float32. */
final class Floats {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final float LOG2_E = 1.442695f;

  /** Beyond this the sigmoid is 0 or 1 in float32, and 2^n would leave the range of exponents. */
  private static final float LIMIT = 87;

  /** 1.5 · 2^23: adding it leaves the rounded integer in the low bits of the mantissa. */
  private static final float ROUNDER = 12_582_912f;

  private Floats() {}

  static FloatVector load(ByteBuffer memory, int index) {
    return FloatVector.fromByteBuffer(SPECIES, memory, index << 2, ORDER);
  }

  static void store(FloatVector values, ByteBuffer memory, int index) {
    values.intoByteBuffer(memory, index << 2, ORDER);
  }

  /**
   * e^x for |x| ≤ 87, with a relative error below 4e-7 for |x| ≤ 10 and 3e-6 elsewhere; beyond,
   * e^±87. Range reduction by the rounding trick, 2^r by its Taylor series to degree 6 on [−½, ½]:
   * no conversion between int and float.
   */
  static FloatVector exp(FloatVector x) {
    FloatVector bounded = x.max(-LIMIT).min(LIMIT);
    FloatVector rounded = bounded.fma(broadcast(LOG2_E), broadcast(ROUNDER));
    FloatVector r = bounded.fma(broadcast(LOG2_E), rounded.sub(ROUNDER).neg());
    FloatVector power =
        broadcast(1.540353e-4f)
            .fma(r, broadcast(1.3333558e-3f))
            .fma(r, broadcast(9.618129e-3f))
            .fma(r, broadcast(5.550411e-2f))
            .fma(r, broadcast(0.2402265f))
            .fma(r, broadcast(0.6931472f))
            .fma(r, broadcast(1));
    IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    return power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
  }

  static FloatVector sigmoid(FloatVector x) {
    return broadcast(1).div(exp(x.neg()).add(1));
  }

  /** The derivative of x · σ(x). */
  static FloatVector swishSlope(FloatVector x) {
    FloatVector sigmoid = sigmoid(x);
    FloatVector complement = broadcast(1).sub(sigmoid);
    return x.fma(complement, broadcast(1)).mul(sigmoid);
  }

  static FloatVector broadcast(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }
}
