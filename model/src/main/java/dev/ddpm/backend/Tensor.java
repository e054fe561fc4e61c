package dev.ddpm.backend;

/**
 * A dense row-major array of one back end, wherever that keeps it: its values can only be reached
 * by copying them here and back.
 *
 * <p>The last dimension is the channel; everything before it counts rows.
 */
public interface Tensor {

  /** Sizes of the dimensions; a copy. */
  long[] shape();

  /** Number of values. */
  int length();

  /** Size of the last dimension. */
  int columns();

  /** Product of the dimensions before the last. */
  default int rows() {
    return length() / columns();
  }

  /** Size of a dimension. */
  int size(int dimension);

  /** The same memory in another shape. */
  Tensor reshape(long... shape);

  /** A view of consecutive values as a tensor of the given shape. */
  Tensor slice(long offset, long... shape);

  /**
   * Replaces all values by those of an array.
   *
   * @param values their beginning stands at {@code from}; what follows the last is not read
   */
  void upload(float[] values, int from);

  /** Replaces all values, each rounded to the tensor's precision. */
  void upload(double[] values);

  /** Replaces the keys of a tensor from {@link Engine#keys}. */
  void upload(long[] keys);

  /**
   * Copies all values into an array, rounded to float32.
   *
   * @param values receives them from {@code to} on; what follows the last is left alone
   */
  void download(float[] values, int to);
}
