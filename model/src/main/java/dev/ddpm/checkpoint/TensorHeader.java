package dev.ddpm.checkpoint;

import java.util.List;

/**
 * Name, element type and shape of a stored tensor.
 *
 * @param name unique within its file, as in a PyTorch state dict
 * @param type element type
 * @param shape extents, outermost first; empty for a scalar
 */
public record TensorHeader(String name, ElementType type, List<Integer> shape) {

  /** The element types that this project reads and writes. */
  public enum ElementType {
    /** IEEE float of 32 bits. */
    F32(Float.BYTES),
    /** Two's complement integer of 64 bits. */
    I64(Long.BYTES);

    private final int bytes;

    ElementType(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes per element. */
    int bytes() {
      return bytes;
    }
  }

  /** Copies the shape. */
  public TensorHeader {
    shape = List.copyOf(shape);
  }

  /** A header of 32-bit floats. */
  public static TensorHeader floats(String name, List<Integer> shape) {
    return new TensorHeader(name, ElementType.F32, shape);
  }

  /**
   * Number of elements: the product of the extents, 1 for a scalar.
   *
   * @throws ArithmeticException if it exceeds 2^63−1
   */
  public long size() {
    long size = 1;
    for (int extent : shape) {
      size = Math.multiplyExact(size, extent);
    }
    return size;
  }
}
