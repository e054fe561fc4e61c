package dev.ddpm.network.dl4j;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * L_simple (Ho et al., arXiv 2006.11239, eq. 14): the mean over all elements of the squared
 * difference between the target and its prediction. As an output it is the prediction itself. The
 * network must be configured with {@code miniBatch(false)}: this is a mean already.
 */
public final class SimpleLoss extends LossLayer {
  private static final long serialVersionUID = 1L;

  @JsonProperty private long networkParameters;

  /** For deserialisation. */
  SimpleLoss() {}

  /**
   * The loss of a network.
   *
   * @param networkParameters number of values in the network's flat parameter vector. DL4J asks
   *     only layers for it, never vertices, and does not train a network without parameters
   */
  public SimpleLoss(long networkParameters) {
    super(new Builder(LossFunction.MSE));
    this.networkParameters = networkParameters;
  }

  @Override
  public Layer instantiate(
      NeuralNetConfiguration configuration,
      Collection<TrainingListener> listeners,
      int index,
      INDArray parameters,
      boolean initialize,
      DataType type) {
    SimpleLossLayer layer = new SimpleLossLayer(configuration, type, networkParameters);
    layer.setListeners(listeners);
    layer.setIndex(index);
    layer.setParamTable(initializer().init(configuration, parameters, initialize));
    return layer;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SimpleLoss that
        && super.equals(that)
        && networkParameters == that.networkParameters;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), networkParameters);
  }
}
