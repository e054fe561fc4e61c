package dev.ddpm.network.block;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A block's tensors as views of the network's flat parameter and gradient vectors. */
public final class BlockParameters {
  private final List<Parameter> parameters;
  private final Map<String, Tensor> values;
  private final Map<String, Tensor> gradients;

  /**
   * Views of one block's share of the flat vectors.
   *
   * @param parameters the block's tensors in storage order
   * @param flat their values, a vector; null if there are none
   * @param flatGradients where their gradients go, a vector; null in inference
   */
  public BlockParameters(List<Parameter> parameters, Tensor flat, Tensor flatGradients) {
    this.parameters = parameters;
    this.values = views(flat);
    this.gradients = flatGradients == null ? Map.of() : views(flatGradients);
  }

  private Map<String, Tensor> views(Tensor flat) {
    Map<String, Tensor> views = new HashMap<>();
    long offset = 0;
    for (Parameter parameter : parameters) {
      views.put(parameter.name(), flat.slice(offset, parameter.storedShape()));
      offset += parameter.length();
    }
    return views;
  }

  /** A tensor with its gradient, as the operation that learns it takes both. */
  Weight weight(String name) {
    return new Weight(value(name), gradient(name));
  }

  Tensor value(String name) {
    return values.get(name);
  }

  /** Where the gradient goes, or null in inference. */
  Tensor gradient(String name) {
    return gradients.get(name);
  }
}
