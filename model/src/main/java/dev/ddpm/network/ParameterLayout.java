package dev.ddpm.network;

import dev.ddpm.network.block.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * Where each tensor of a network lies in the network's flat parameter vector, and how its values
 * are permuted there. Follows from the {@link Architecture} alone; no network is built.
 */
public final class ParameterLayout {
  private final List<Entry> tensors;
  private final long size;

  /**
   * One tensor of the state dict.
   *
   * @param name the reference's name, such as {@code down.0.res.conv1.weight}
   * @param offset position of its first value in the flat vector
   * @param parameter its shape, storage and initial values
   */
  public record Entry(String name, long offset, Parameter parameter) {

    /** PyTorch's shape. */
    public List<Integer> shape() {
      return parameter.shape();
    }

    /** Number of values. */
    public int length() {
      return Math.toIntExact(parameter.length());
    }
  }

  private ParameterLayout(List<Entry> tensors, long size) {
    this.tensors = tensors;
    this.size = size;
  }

  /** The layout of an architecture. */
  public static ParameterLayout of(Architecture architecture) {
    return architecture.plan().layout();
  }

  /** The layout of a plan. */
  static ParameterLayout of(NetworkPlan plan) {
    List<Entry> tensors = new ArrayList<>();
    long offset = 0;
    for (NetworkPlan.Node node : plan.nodes()) {
      for (Parameter parameter : node.block().parameters()) {
        tensors.add(new Entry(node.tensor(parameter), offset, parameter));
        offset += parameter.length();
      }
    }
    return new ParameterLayout(List.copyOf(tensors), offset);
  }

  /** The tensors in the order of the reference's state dict. */
  public List<Entry> tensors() {
    return tensors;
  }

  /** Number of values in the flat vector. */
  public long size() {
    return size;
  }

  /** A copy of one tensor's values in PyTorch's order. */
  public float[] toStateDict(Entry tensor, float[] flat) {
    return toStateDict(tensor, flat, 0);
  }

  /** The same, of a vector that begins at {@code base} in a longer array. */
  public float[] toStateDict(Entry tensor, float[] flat, int base) {
    float[] values = new float[tensor.length()];
    tensor.parameter().load(flat, base + Math.toIntExact(tensor.offset()), values);
    return values;
  }

  /**
   * Puts values in PyTorch's order where they belong in the flat vector.
   *
   * @throws IllegalArgumentException if there are more or fewer than the tensor has
   */
  public void fromStateDict(Entry tensor, float[] values, float[] flat) {
    fromStateDict(tensor, values, flat, 0);
  }

  /** The same, for a vector that begins at {@code base} in a longer array. */
  public void fromStateDict(Entry tensor, float[] values, float[] flat, int base) {
    if (values.length != tensor.length()) {
      throw new IllegalArgumentException(
          tensor.name() + " has " + tensor.length() + " values, not " + values.length);
    }
    tensor.parameter().store(values, flat, base + Math.toIntExact(tensor.offset()));
  }
}
