package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.Dropout;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Dropout}'s element hash on vectors of neighbouring elements. */
final class DropoutMask {
  private static final IntVector LANE_NUMBERS =
      IntVector.broadcast(FloatVectors.INTS, 0).addIndex(1);

  private DropoutMask() {}

  /**
   * Writes {@code from} with its elements zeroed or scaled.
   *
   * @param imageKey key of the image
   * @param element number of the first element within the image
   * @param count elements, a multiple of the vector length
   */
  static void apply(
      Dropout dropout,
      long imageKey,
      int element,
      ByteBuffer from,
      int fromIndex,
      ByteBuffer to,
      int toIndex,
      int count) {
    long key = dropout.maskKey(imageKey);
    int low = (int) key + element;
    int high = (int) (key >>> 32);
    int threshold = dropout.threshold();
    int scale = Float.floatToRawIntBits(dropout.scale());
    for (int i = 0; i < count; i += LANES) {
      IntVector x = LANE_NUMBERS.add(low + i);
      x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
      x = x.mul(Dropout.FIRST_MULTIPLIER).add(high);
      x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 15));
      x = x.mul(Dropout.SECOND_MULTIPLIER);
      x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
      // the sign of a negative difference, spread over the word, keeps the bits of the scale
      IntVector kept =
          x.lanewise(VectorOperators.LSHR, 8)
              .sub(threshold)
              .lanewise(VectorOperators.ASHR, 31)
              .and(scale);
      FloatVector values =
          fromByteBuffer(SPECIES, from, (fromIndex + i) << 2, ORDER)
              .mul(kept.reinterpretAsFloats());
      values.intoByteBuffer(to, (toIndex + i) << 2, ORDER);
    }
  }
}
