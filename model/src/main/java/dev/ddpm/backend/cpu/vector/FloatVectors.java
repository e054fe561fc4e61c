package dev.ddpm.backend.cpu.vector;

import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of float32, and how they lie in memory.
 *
 * <p>Loops load and store with the Vector API's own methods, which are inlined without limit. A
 * function around them would be refused in a large method, and its result be an object.
 */
final class FloatVectors {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private FloatVectors() {}

  /** Copies values from memory into the beginning of an array. */
  static void read(ByteBuffer memory, int base, int count, float[] values) {
    memory.asFloatBuffer().get(base, values, 0, count);
  }

  /** Copies the beginning of an array to memory. */
  static void write(float[] values, int count, ByteBuffer memory, int base) {
    memory.asFloatBuffer().put(base, values, 0, count);
  }

  /** Copies values between two memories. */
  static void copy(ByteBuffer from, int fromIndex, ByteBuffer to, int toIndex, int count) {
    to.put(toIndex << 2, from, fromIndex << 2, count << 2);
  }

  /** Adds values of an array to those of another at the same indices. */
  static void add(float[] from, float[] to, int first, int count) {
    for (int i = first; i < first + count; i++) {
      to[i] += from[i];
    }
  }

  /** Adds values to others in memory. */
  static void add(ByteBuffer from, int index, ByteBuffer to, int target, int count) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      int at = (target + i) << 2;
      fromByteBuffer(SPECIES, to, at, ORDER)
          .add(fromByteBuffer(SPECIES, from, (index + i) << 2, ORDER))
          .intoByteBuffer(to, at, ORDER);
    }
    for (; i < count; i++) {
      int at = (target + i) << 2;
      to.putFloat(at, to.getFloat(at) + from.getFloat((index + i) << 2));
    }
  }

  /** Subtracts values from others in memory. */
  static void subtract(ByteBuffer from, ByteBuffer to, int count) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      fromByteBuffer(SPECIES, to, i << 2, ORDER)
          .sub(fromByteBuffer(SPECIES, from, i << 2, ORDER))
          .intoByteBuffer(to, i << 2, ORDER);
    }
    for (; i < count; i++) {
      to.putFloat(i << 2, to.getFloat(i << 2) - from.getFloat(i << 2));
    }
  }
}
