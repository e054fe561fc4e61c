package dev.ddpm.kernel.vector;

import dev.ddpm.kernel.Dropout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link Dropout}'s element hash on vectors of neighbouring elements. */
final class DropoutMask {
  private static final IntVector LANE_NUMBERS = IntVector.broadcast(Floats.INTS, 0).addIndex(1);

  private final int low;
  private final int high;
  private final int threshold;
  private final float scale;

  DropoutMask(Dropout dropout, long imageKey) {
    long key = dropout.maskKey(imageKey);
    this.low = (int) key;
    this.high = (int) (key >>> 32);
    this.threshold = dropout.threshold();
    this.scale = dropout.scale();
  }

  /** Zeroes or scales the elements from {@code element} on. */
  FloatVector apply(FloatVector values, int element) {
    IntVector x = LANE_NUMBERS.add(element + low);
    x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
    x = x.mul(Dropout.FIRST_MULTIPLIER).add(high);
    x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 15));
    x = x.mul(Dropout.SECOND_MULTIPLIER);
    x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
    VectorMask<Float> kept = x.lanewise(VectorOperators.LSHR, 8).lt(threshold).cast(Floats.SPECIES);
    return Floats.broadcast(0).blend(values.mul(scale), kept);
  }
}
