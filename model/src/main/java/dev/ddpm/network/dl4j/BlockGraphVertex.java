package dev.ddpm.network.dl4j;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.network.block.Block;
import dev.ddpm.network.block.BlockParameters;
import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The running form of a {@link BlockVertex}: hands DL4J's arrays to the block and back. */
// DL4J's base class implements a variable-arity method of its interface with an array parameter
@SuppressWarnings("overrides")
public final class BlockGraphVertex extends BaseGraphVertex {
  private static final long serialVersionUID = 1L;

  private final BlockVertex configuration;
  private final INDArray flatParameters;
  private transient Nd4jEngine engine;
  private final transient Tensor[] blockInputs;
  private transient Block block;
  private transient Tensor outputGradient;
  private transient INDArray flatGradients;
  private transient Gradient gradient;

  BlockGraphVertex(
      BlockVertex configuration,
      ComputationGraph graph,
      String name,
      int index,
      INDArray parameters,
      DataType type) {
    super(graph, name, index, null, null, type);
    this.configuration = configuration;
    this.flatParameters = parameters;
    this.blockInputs = new Tensor[configuration.spec().inputs()];
    use(sharedEngine(graph, type));
  }

  /** The engine of the vertices made before this one; the first makes it. */
  private static Nd4jEngine sharedEngine(ComputationGraph graph, DataType type) {
    for (GraphVertex vertex : graph.getVertices()) {
      if (vertex instanceof BlockGraphVertex other) {
        return other.engine;
      }
    }
    return Nd4jEngine.best(type);
  }

  /** What this network's blocks share. */
  Nd4jEngine engine() {
    return engine;
  }

  /** Computes by another engine, from the next pass on. */
  void use(Nd4jEngine other) {
    engine = other;
    Arrays.fill(blockInputs, null);
    outputGradient = null;
    createBlock();
  }

  private void createBlock() {
    block =
        configuration
            .spec()
            .create(
                engine,
                new BlockParameters(
                    configuration.spec().parameters(),
                    tensorOrNull(flatParameters),
                    tensorOrNull(flatGradients)));
  }

  private Tensor tensorOrNull(INDArray flat) {
    return flat == null ? null : engine.tensor(flat);
  }

  @Override
  public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
    for (int i = 0; i < blockInputs.length; i++) {
      if (blockInputs[i] == null || Nd4jEngine.array(blockInputs[i]) != inputs[i]) {
        blockInputs[i] = engine.tensor(inputs[i]);
      }
    }
    return Nd4jEngine.array(block.forward(blockInputs, training));
  }

  @Override
  public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
    if (outputGradient == null || Nd4jEngine.array(outputGradient) != epsilon) {
      outputGradient = engine.tensor(epsilon);
    }
    Tensor[] gradients = block.backward(outputGradient);
    INDArray[] arrays = new INDArray[gradients.length];
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = gradients[i] == null ? null : Nd4jEngine.array(gradients[i]);
    }
    return new Pair<>(gradient, arrays);
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray view) {
    flatGradients = view;
    gradient = new DefaultGradient(view);
    gradient.setGradientFor(BlockVertex.PARAMETERS, view);
    createBlock();
  }

  @Override
  public Map<String, INDArray> paramTable(boolean backpropOnly) {
    return flatParameters == null ? Map.of() : Map.of(BlockVertex.PARAMETERS, flatParameters);
  }

  @Override
  public INDArray params() {
    return flatParameters;
  }

  @Override
  public INDArray getGradientsViewArray() {
    return flatGradients;
  }

  @Override
  public TrainingConfig getConfig() {
    return configuration;
  }

  @Override
  public boolean hasLayer() {
    return false;
  }

  @Override
  public org.deeplearning4j.nn.api.Layer getLayer() {
    return null;
  }

  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArrays(
      INDArray[] masks, MaskState state, int batch) {
    throw new UnsupportedOperationException("Images have no masks.");
  }

  @Override
  public String toString() {
    return vertexName + ": " + configuration.spec();
  }
}
