package dev.ddpm.network.dl4j;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.LossLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The running form of {@link SimpleLoss}. A mask of the labels is a factor per image of its part of
 * the gradient.
 */
final class SimpleLossLayer extends LossLayer {
  private static final long serialVersionUID = 1L;
  private static final Gradient NO_PARAMETERS = new DefaultGradient();

  private final long networkParameters;
  private final transient Nd4jEngine engine;
  private transient Tensor gradientBuffer;
  private double loss;
  private boolean lossIsCurrent;

  SimpleLossLayer(NeuralNetConfiguration configuration, DataType type, long networkParameters) {
    super(configuration, type);
    this.networkParameters = networkParameters;
    this.engine = Nd4jEngine.best(type);
  }

  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
    return input;
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
    evaluate();
    lossIsCurrent = true;
    return new Pair<>(NO_PARAMETERS, Nd4jEngine.array(gradientBuffer));
  }

  /** The loss was a by-product of the backward pass if there was one. */
  @Override
  public double computeScore(
      double regularization, boolean training, LayerWorkspaceMgr workspaces) {
    if (!lossIsCurrent) {
      evaluate();
    }
    lossIsCurrent = false;
    return loss + regularization;
  }

  private void evaluate() {
    if (!Arrays.equals(input.shape(), labels.shape())) {
      throw new IllegalArgumentException(
          "The noise has the shape "
              + Arrays.toString(labels.shape())
              + ", its prediction "
              + Arrays.toString(input.shape()));
    }
    if (gradientBuffer == null || !Arrays.equals(gradientBuffer.shape(), input.shape())) {
      gradientBuffer = engine.allocate(input.shape());
    }
    loss =
        engine
            .kernels()
            .meanSquaredError(engine.tensor(input), engine.tensor(labels), gradientBuffer)
            .getAsDouble();
    if (maskArray != null) {
      engine.kernels().scaleRows(engine.tensor(maskArray), rows(gradientBuffer));
    }
  }

  private static Tensor rows(Tensor images) {
    return images.reshape(images.size(0), images.length() / images.size(0));
  }

  @Override
  public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
    INDArray difference = input.sub(labels);
    return difference.muli(difference).mean(1, 2, 3).addi(regularization).reshape(-1, 1);
  }

  /** The whole network's, see {@link SimpleLoss#SimpleLoss(long)}. */
  @Override
  public long numParams(boolean backwards) {
    return networkParameters;
  }

  @Override
  public long numParams() {
    return networkParameters;
  }

  /** Unlike DL4J's loss layers this one does not free the labels, which are the caller's. */
  @Override
  public void clear() {
    input = null;
    labels = null;
    maskArray = null;
  }
}
