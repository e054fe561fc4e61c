package dev.ddpm.network.dl4j;

import dev.ddpm.backend.KernelChoice;
import dev.ddpm.backend.Tensor;
import dev.ddpm.network.block.Block;
import dev.ddpm.network.block.BlockContext;
import dev.ddpm.network.block.BlockParameters;
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
  private final transient BlockContext context;
  private final transient BlockParameters blockParameters;
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
    this.context = sharedContext(graph, type);
    this.blockParameters = new BlockParameters(configuration.spec().parameters(), parameters);
    this.blockInputs = new Tensor[configuration.spec().inputs()];
    this.block = configuration.spec().create(context, blockParameters);
  }

  /** The context of the vertices made before this one; the first makes it. */
  private static BlockContext sharedContext(ComputationGraph graph, DataType type) {
    for (GraphVertex vertex : graph.getVertices()) {
      if (vertex instanceof BlockGraphVertex other) {
        return other.context;
      }
    }
    return new BlockContext(type, KernelChoice.best(type));
  }

  /** What this network's blocks share. */
  public BlockContext context() {
    return context;
  }

  @Override
  public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
    for (int i = 0; i < blockInputs.length; i++) {
      if (blockInputs[i] == null || blockInputs[i].array() != inputs[i]) {
        blockInputs[i] = Tensor.of(inputs[i]);
      }
    }
    return block.forward(blockInputs, training).array();
  }

  @Override
  public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
    if (outputGradient == null || outputGradient.array() != epsilon) {
      outputGradient = Tensor.of(epsilon);
    }
    Tensor[] gradients = block.backward(outputGradient);
    INDArray[] arrays = new INDArray[gradients.length];
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = gradients[i] == null ? null : gradients[i].array();
    }
    return new Pair<>(gradient, arrays);
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray view) {
    flatGradients = view;
    gradient = new DefaultGradient(view);
    gradient.setGradientFor(BlockVertex.PARAMETERS, view);
    blockParameters.bindGradients(view);
    block = configuration.spec().create(context, blockParameters);
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
