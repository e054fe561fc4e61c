package dev.ddpm.checkpoint;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The elements that tensors of other systems have, little-endian, each of which becomes a 32-bit
 * float: exactly if it has at most 16 bits, to the nearest one otherwise. The name of a constant is
 * that of safetensors.
 */
public enum ElementType {
  /** IEEE floats of 32 bits, the only elements of a model folder. */
  F32(Float.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.getFloat();
    }
  },
  /** IEEE floats of 64 bits. */
  F64(Double.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return (float) bytes.getDouble();
    }
  },
  /** IEEE floats of 16 bits. */
  F16(Short.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return half(bytes.getShort());
    }
  },
  /** The upper halves of IEEE floats of 32 bits. */
  BF16(Short.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return Float.intBitsToFloat(bytes.getShort() << Short.SIZE);
    }
  },
  /** Signed integers of 64 bits. */
  I64(Long.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.getLong();
    }
  },
  /** Signed integers of 32 bits. */
  I32(Integer.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.getInt();
    }
  },
  /** Signed integers of 16 bits. */
  I16(Short.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.getShort();
    }
  },
  /** Signed integers of 8 bits. */
  I8(Byte.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.get();
    }
  },
  /** Unsigned integers of 8 bits. */
  U8(Byte.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.get() & 0xff;
    }
  },
  /** Truth values, a byte each. */
  BOOL(Byte.BYTES) {
    @Override
    float next(ByteBuffer bytes) {
      return bytes.get() == 0 ? 0 : 1;
    }
  };

  private static final int HALF_FRACTION_BITS = 10;
  private static final int HALF_FRACTION = (1 << HALF_FRACTION_BITS) - 1;
  private static final int HALF_EXPONENT = 0x1f;
  private static final int FLOAT_FRACTION_BITS = 23;
  private static final int FLOAT_EXPONENT = 0xff;
  private static final int BIAS_DIFFERENCE = 127 - 15;

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** The type that safetensors calls so. */
  public static Optional<ElementType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }

  /** The names of all types, for messages. */
  static String names() {
    return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
  }

  /** Bytes of an element. */
  public int bytes() {
    return bytes;
  }

  /**
   * Reads elements.
   *
   * @param from little-endian; its position moves on by the elements that are read
   * @param values receives them
   * @param offset position of the first
   * @param count how many
   */
  public void read(ByteBuffer from, float[] values, int offset, int count) {
    for (int i = offset; i < offset + count; i++) {
      values[i] = next(from);
    }
  }

  abstract float next(ByteBuffer bytes);

  /** The value of an IEEE float of 16 bits, which every float of 32 bits can hold. */
  private static float half(short bits) {
    int sign = (bits & 0x8000) << Short.SIZE;
    int exponent = (bits >> HALF_FRACTION_BITS) & HALF_EXPONENT;
    int fraction = bits & HALF_FRACTION;
    if (exponent == 0) {
      // Zero, or a subnormal number: units of 2^-24.
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int widened = exponent == HALF_EXPONENT ? FLOAT_EXPONENT : exponent + BIAS_DIFFERENCE;
    return Float.intBitsToFloat(
        sign
            | (widened << FLOAT_FRACTION_BITS)
            | (fraction << (FLOAT_FRACTION_BITS - HALF_FRACTION_BITS)));
  }
}
