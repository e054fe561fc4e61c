package dev.ddpm.checkpoint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Tensors of floats by name, in a fixed order: a PyTorch state dict. */
public final class NamedTensors {
  private final List<TensorHeader> headers = new ArrayList<>();
  private final Map<String, Supplier<float[]>> values = new HashMap<>();

  /**
   * Adds a tensor that is there already.
   *
   * @param header name and shape
   * @param elements row-major, as many as the shape says; not copied
   * @return this
   */
  public NamedTensors add(TensorHeader header, float[] elements) {
    if (header.size() != elements.length) {
      throw new IllegalArgumentException(header + " with " + elements.length + " elements");
    }
    return add(header, () -> elements);
  }

  /**
   * Adds a tensor that is computed when it is asked for, so that a large model needs no second copy
   * while it is written.
   *
   * @param header name and shape
   * @param elements computes the elements, row-major, as many as the shape says
   * @return this
   */
  public NamedTensors add(TensorHeader header, Supplier<float[]> elements) {
    if (values.putIfAbsent(header.name(), elements) != null) {
      throw new IllegalArgumentException("two tensors of the name " + header.name());
    }
    headers.add(header);
    return this;
  }

  /** Names and shapes in their order. */
  public List<TensorHeader> headers() {
    return List.copyOf(headers);
  }

  /**
   * The elements of a tensor, row-major.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  public float[] values(String name) {
    Supplier<float[]> elements = values.get(name);
    if (elements == null) {
      throw new IllegalArgumentException("no tensor of the name " + name);
    }
    return elements.get();
  }
}
