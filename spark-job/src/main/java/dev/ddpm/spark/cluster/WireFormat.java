package dev.ddpm.spark.cluster;

import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;

/** How numbers travel between machines. */
public enum WireFormat {
  /** Four bytes, exact. */
  FLOAT32(Float.BYTES) {
    @Override
    void encode(float[] values, int from, int length, ByteBuffer bytes) {
      bytes.asFloatBuffer().put(0, values, from, length);
    }

    @Override
    void decode(ByteBuffer bytes, float[] values, int from, int length) {
      bytes.asFloatBuffer().get(0, values, from, length);
    }
  },

  /**
   * Two bytes: the sign, the exponent and the upper 7 bits of the mantissa of a float32, rounded to
   * the nearest, ties to even. The relative error is at most 2⁻⁸.
   */
  BFLOAT16(Short.BYTES) {
    @Override
    void encode(float[] values, int from, int length, ByteBuffer bytes) {
      short[] upper = new short[length];
      for (int i = 0; i < length; i++) {
        int bits = Float.floatToRawIntBits(values[from + i]);
        upper[i] = (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
      }
      bytes.asShortBuffer().put(0, upper);
    }

    @Override
    void decode(ByteBuffer bytes, float[] values, int from, int length) {
      short[] upper = new short[length];
      bytes.asShortBuffer().get(0, upper);
      for (int i = 0; i < length; i++) {
        values[from + i] = Float.intBitsToFloat(upper[i] << 16);
      }
    }
  };

  private final int bytes;

  WireFormat(int bytes) {
    this.bytes = bytes;
  }

  /** The format with so many bytes a number. */
  static WireFormat ofBytes(int bytes) throws IOException {
    return switch (bytes) {
      case Float.BYTES -> FLOAT32;
      case Short.BYTES -> BFLOAT16;
      default -> throw new StreamCorruptedException("No numbers have %d bytes.".formatted(bytes));
    };
  }

  /** Whether what arrives is what was sent, to the bit. */
  public boolean isExact() {
    return this == FLOAT32;
  }

  /** Bytes of a number. */
  public int bytes() {
    return bytes;
  }

  /** Writes finite values to the beginning of a buffer. */
  abstract void encode(float[] values, int from, int length, ByteBuffer bytes);

  /** Reads values from the beginning of a buffer. */
  abstract void decode(ByteBuffer bytes, float[] values, int from, int length);
}
