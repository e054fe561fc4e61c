package dev.ddpm.network.block;

import dev.ddpm.backend.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A block's tensors as views of the network's flat parameter and gradient vectors. */
public final class BlockParameters {
  private final List<Parameter> parameters;
  private final Map<String, Tensor> values;
  private Map<String, Tensor> gradients = Map.of();

  /**
   * Views of one block's share of the flat parameters.
   *
   * @param parameters the block's tensors in storage order
   * @param flat their values, a vector; ignored if there are none
   */
  public BlockParameters(List<Parameter> parameters, INDArray flat) {
    this.parameters = parameters;
    this.values = views(flat);
  }

  /** Points the gradients at the block's share of the flat gradient vector. */
  public void bindGradients(INDArray flat) {
    gradients = views(flat);
  }

  private Map<String, Tensor> views(INDArray flat) {
    Map<String, Tensor> views = new HashMap<>();
    long offset = 0;
    for (Parameter parameter : parameters) {
      INDArray view =
          flat.get(NDArrayIndex.interval(offset, offset + parameter.length()))
              .reshape('c', parameter.storedShape());
      views.put(parameter.name(), Tensor.of(view));
      offset += parameter.length();
    }
    return views;
  }

  Tensor value(String name) {
    return values.get(name);
  }

  /** Where the gradient goes, or null as long as {@link #bindGradients} was not called. */
  Tensor gradient(String name) {
    return gradients.get(name);
  }
}
