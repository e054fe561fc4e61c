package dev.ddpm.network.block;

import java.util.ArrayList;
import java.util.List;

/**
 * One named tensor of a block: its shape in a PyTorch state dict, how it is stored here, and its
 * initial values.
 *
 * <p>Storage is a permutation: the state-dict values, seen in the shape {@code view}, with their
 * axes in the order {@code axes}.
 *
 * @param name name within the block, such as {@code conv1.weight}
 * @param shape PyTorch's shape
 * @param view the same values in the shape that is permuted
 * @param axes axes of {@code view} in storage order
 * @param constant initial value where {@code bound} is 0
 * @param bound initial values are uniform in ± this; 0 for a constant
 */
public record Parameter(
    String name,
    List<Integer> shape,
    List<Integer> view,
    List<Integer> axes,
    double constant,
    double bound) {

  private static final List<Integer> CONVOLUTION_AXES = List.of(2, 3, 1, 0);
  private static final List<Integer> OUTPUT_FIRST_AXES = List.of(2, 3, 0, 1);

  /** Uniform values in ± this have the variance 1 of PyTorch's embeddings. */
  private static final double UNIT_VARIANCE = Math.sqrt(3);

  /** γ and β of a normalisation. */
  static List<Parameter> norm(String name, int channels) {
    return List.of(
        vector(name + ".weight", channels, 1, 0), vector(name + ".bias", channels, 0, 0));
  }

  /** A square convolution: (out, in, k, k) in PyTorch, (k, k, in, out) here. */
  static List<Parameter> convolution(String prefix, int in, int out, int kernel) {
    double bound = bound((long) in * kernel * kernel);
    List<Integer> shape = List.of(out, in, kernel, kernel);
    return List.of(
        new Parameter(prefix + "weight", shape, shape, CONVOLUTION_AXES, 0, bound),
        vector(prefix + "bias", out, 0, bound));
  }

  /** The same convolution stored as (k, k, out, in), as transposed ones are. */
  static List<Parameter> outputFirstConvolution(String prefix, int in, int out, int kernel) {
    double bound = bound((long) in * kernel * kernel);
    List<Integer> shape = List.of(out, in, kernel, kernel);
    return List.of(
        new Parameter(prefix + "weight", shape, shape, OUTPUT_FIRST_AXES, 0, bound),
        vector(prefix + "bias", out, 0, bound));
  }

  /** A vector per class: (classes, channels) in PyTorch and here. */
  static Parameter embedding(String name, int classes, int channels) {
    List<Integer> shape = List.of(classes, channels);
    return new Parameter(name, shape, shape, List.of(0, 1), 0, UNIT_VARIANCE);
  }

  /**
   * A transposed convolution: (in, out, k, k) in PyTorch, (k, k, out, in) here. PyTorch takes the
   * second dimension for the fan-in, which here is the number of outputs.
   */
  static List<Parameter> transposedConvolution(String prefix, int in, int out, int kernel) {
    double bound = bound((long) out * kernel * kernel);
    List<Integer> shape = List.of(in, out, kernel, kernel);
    return List.of(
        new Parameter(prefix + "weight", shape, shape, CONVOLUTION_AXES, 0, bound),
        vector(prefix + "bias", out, 0, bound));
  }

  /** A linear layer: (out, in) in PyTorch, (in, out) here. */
  static List<Parameter> linear(String name, int in, int out) {
    List<Integer> shape = List.of(out, in);
    return List.of(
        new Parameter(name + ".weight", shape, shape, List.of(1, 0), 0, bound(in)),
        vector(name + ".bias", out, 0, bound(in)));
  }

  /** Several linear layers of one input, stacked in PyTorch's rows, each contiguous here. */
  static List<Parameter> stackedLinear(String name, int in, int out, int layers) {
    List<Integer> shape = List.of(layers * out, in);
    List<Integer> view = List.of(layers, out, in);
    return List.of(
        new Parameter(name + ".weight", shape, view, List.of(0, 2, 1), 0, bound(in)),
        vector(name + ".bias", layers * out, 0, bound(in)));
  }

  private static Parameter vector(String name, int length, double constant, double bound) {
    return new Parameter(name, List.of(length), List.of(length), List.of(0), constant, bound);
  }

  private static double bound(long fanIn) {
    return 1 / Math.sqrt((double) fanIn);
  }

  /** Number of values. */
  public long length() {
    long length = 1;
    for (int size : shape) {
      length *= size;
    }
    return length;
  }

  /** Shape as stored. */
  long[] storedShape() {
    return axes.stream().mapToLong(axis -> view.get(axis)).toArray();
  }

  /**
   * Copies values in state-dict order into storage.
   *
   * @param values state-dict order
   * @param stored receives them from {@code offset} on
   */
  public void store(float[] values, float[] stored, int offset) {
    int[] strides = stridesInStorageOrder();
    walk(0, offset, 0, strides, (storage, dictionary) -> stored[storage] = values[dictionary]);
  }

  /** The inverse of {@link #store}. */
  public void load(float[] stored, int offset, float[] values) {
    int[] strides = stridesInStorageOrder();
    walk(0, offset, 0, strides, (storage, dictionary) -> values[dictionary] = stored[storage]);
  }

  @FunctionalInterface
  private interface Copy {
    void one(int storage, int dictionary);
  }

  /** Strides in state-dict order of the axes as they are stored. */
  private int[] stridesInStorageOrder() {
    int[] strides = new int[view.size()];
    int stride = 1;
    for (int axis = view.size() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= view.get(axis);
    }
    return axes.stream().mapToInt(axis -> strides[axis]).toArray();
  }

  private int walk(int depth, int storage, int dictionary, int[] strides, Copy copy) {
    int position = storage;
    int size = view.get(axes.get(depth));
    for (int i = 0; i < size; i++) {
      int from = dictionary + i * strides[depth];
      if (depth == strides.length - 1) {
        copy.one(position++, from);
      } else {
        position = walk(depth + 1, position, from, strides, copy);
      }
    }
    return position;
  }

  /** Joins lists of parameters. */
  @SafeVarargs
  static List<Parameter> join(List<Parameter>... lists) {
    List<Parameter> all = new ArrayList<>();
    for (List<Parameter> list : lists) {
      all.addAll(list);
    }
    return List.copyOf(all);
  }
}
