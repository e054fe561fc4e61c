package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import java.util.List;

/**
 * A tensor of a PyTorch file: element (i, j, …) is the one at offset + i·stride_0 + j·stride_1 + …
 * of its storage. Within the storage, and small enough for an array.
 *
 * @param storage its elements, and perhaps those of other tensors
 * @param offset of the first element
 * @param shape extents, outermost first
 * @param strides as many, in elements, at least 0
 */
record TorchTensor(TorchStorage storage, long offset, List<Integer> shape, List<Long> strides) {

  /** The longest array that every virtual machine allows. */
  private static final int MAXIMUM_ELEMENTS = Integer.MAX_VALUE - 8;

  private static final int MAXIMUM_AXES = 16;

  /**
   * Checks that all elements are there.
   *
   * @throws DdpmException (data) if not
   */
  TorchTensor {
    shape = List.copyOf(shape);
    strides = List.copyOf(strides);
    if (shape.size() != strides.size() || shape.size() > MAXIMUM_AXES) {
      throw DdpmException.data(
          "a tensor has %d extents and %d strides: as many are needed, at most %d.",
          shape.size(), strides.size(), MAXIMUM_AXES);
    }
    if (!isWithin(storage.length(), offset, shape, strides)) {
      throw DdpmException.data(
          "a tensor of shape %s with offset %d and strides %s is not within the %d elements of its"
              + " storage.",
          shape, offset, strides, storage.length());
    }
  }

  private static boolean isWithin(
      long length, long offset, List<Integer> shape, List<Long> strides) {
    try {
      long size = 1;
      long last = offset;
      for (int axis = 0; axis < shape.size(); axis++) {
        int extent = shape.get(axis);
        if (extent < 0 || strides.get(axis) < 0) {
          return false;
        }
        size = Math.multiplyExact(size, extent);
        last = Math.addExact(last, Math.multiplyExact(strides.get(axis), Math.max(extent - 1, 0)));
      }
      return offset >= 0
          && size <= MAXIMUM_ELEMENTS
          && (size == 0 || (last < length && last - offset < MAXIMUM_ELEMENTS));
    } catch (ArithmeticException beyondAllFiles) {
      return false;
    }
  }

  /** Number of elements. */
  int size() {
    int size = 1;
    for (int extent : shape) {
      size *= extent;
    }
    return size;
  }

  /** Elements from the first to the last one that it uses. */
  int span() {
    if (size() == 0) {
      return 0;
    }
    long last = 0;
    for (int axis = 0; axis < shape.size(); axis++) {
      last += strides.get(axis) * (shape.get(axis) - 1L);
    }
    return Math.toIntExact(last + 1);
  }

  /**
   * Puts the elements in the order of their indices.
   *
   * @param span the elements from the first to the last one
   * @return {@link #size} elements, the last index running fastest
   */
  float[] rowMajor(float[] span) {
    if (isContiguous()) {
      return span;
    }
    float[] ordered = new float[size()];
    int[] index = new int[shape.size()];
    int at = 0;
    for (int i = 0; i < ordered.length; i++) {
      ordered[i] = span[at];
      for (int axis = shape.size() - 1; axis >= 0; axis--) {
        int stride = Math.toIntExact(shape.get(axis) == 1 ? 0 : strides.get(axis));
        if (++index[axis] < shape.get(axis)) {
          at += stride;
          break;
        }
        at -= stride * (shape.get(axis) - 1);
        index[axis] = 0;
      }
    }
    return ordered;
  }

  private boolean isContiguous() {
    long expected = 1;
    for (int axis = shape.size() - 1; axis >= 0; axis--) {
      if (shape.get(axis) != 1 && strides.get(axis) != expected) {
        return false;
      }
      expected *= shape.get(axis);
    }
    return true;
  }
}
