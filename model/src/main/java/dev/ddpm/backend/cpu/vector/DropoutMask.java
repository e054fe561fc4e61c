package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.AlignedArray.FIRST;
import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.fromArray;

import dev.ddpm.backend.Dropout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Dropout}'s element hash on vectors of neighbouring elements. */
final class DropoutMask {
  private static final IntVector LANE_NUMBERS =
      IntVector.broadcast(FloatVectors.INTS, 0).addIndex(1);

  /** The bits of 1. */
  private static final int ONE = Float.floatToRawIntBits(1);

  private DropoutMask() {}

  /**
   * Zeroes or scales each element. Two rows at a time, of which the second is multiplied by 1 where
   * there is none: so the method is larger than what the compiler inlines. Inlined, its vectors
   * become objects, or not, from one process to the next.
   *
   * @param imageKey key of the image
   * @param element number of the chunk's first element within the image
   * @param first the first row of the chunk that is masked
   */
  static void apply(
      Dropout dropout, long imageKey, int element, RowChunk chunk, int first, int rows) {
    long key = dropout.maskKey(imageKey);
    int high = (int) (key >>> 32);
    int threshold = dropout.threshold();
    int scale = Float.floatToRawIntBits(dropout.scale());
    float[] values = chunk.values();
    int length = chunk.length();
    for (int v = 0; v < length; v += LANES) {
      int at = FIRST + first * length + v;
      IntVector numbers = LANE_NUMBERS.add((int) key + element + first * length + v);
      for (int row = 0; row < rows; row += 2) {
        IntVector x = numbers.add(row * length);
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
        int i = at + row * length;
        fromArray(SPECIES, values, i).mul(kept.reinterpretAsFloats()).intoArray(values, i);

        boolean last = row + 1 == rows;
        int other = last ? row : row + 1;
        x = numbers.add(other * length);
        x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
        x = x.mul(Dropout.FIRST_MULTIPLIER).add(high);
        x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 15));
        x = x.mul(Dropout.SECOND_MULTIPLIER);
        x = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
        kept =
            x.lanewise(VectorOperators.LSHR, 8)
                .sub(last ? Integer.MAX_VALUE : threshold)
                .lanewise(VectorOperators.ASHR, 31)
                .and(last ? ONE : scale);
        i = at + other * length;
        fromArray(SPECIES, values, i).mul(kept.reinterpretAsFloats()).intoArray(values, i);
      }
    }
  }
}
