package dev.ddpm.checkpoint;

import java.util.List;

/**
 * Name and shape of a stored tensor of 32-bit floats.
 *
 * @param name unique within its file, as in a PyTorch state dict
 * @param shape extents, outermost first; empty for a scalar
 */
public record TensorHeader(String name, List<Integer> shape) {
  /** How safetensors calls IEEE floats of 32 bits, the only elements that are read and written. */
  static final String ELEMENT_TYPE = "F32";

  /** Copies the shape. */
  public TensorHeader {
    shape = List.copyOf(shape);
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
