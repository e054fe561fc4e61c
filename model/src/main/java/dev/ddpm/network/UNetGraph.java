package dev.ddpm.network;

import dev.ddpm.backend.NativeBackend;
import dev.ddpm.network.block.BlockContext;
import dev.ddpm.network.block.BlockGraphVertex;
import dev.ddpm.network.block.BlockVertex;
import dev.ddpm.network.block.EpsilonLoss;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * A U-Net as a DL4J computation graph.
 *
 * <p>Inputs: the noised image (batch, height, width, channels), the timestep (batch, 1), both in
 * the network's type, and a dropout key per image (batch), 64 bits. Output: the predicted noise,
 * shaped like the image.
 */
public final class UNetGraph {
  private static final String LOSS = "loss";

  private UNetGraph() {}

  /**
   * The graph as DL4J stores it.
   *
   * @param spec the architecture
   * @param updater what turns gradients into updates
   * @param type FLOAT, or DOUBLE to check gradients
   */
  public static ComputationGraphConfiguration configuration(
      UNetSpec spec, IUpdater updater, DataType type) {
    NativeBackend.select();
    ComputationGraphConfiguration.GraphBuilder graph =
        new NeuralNetConfiguration.Builder()
            .dataType(type)
            .updater(updater)
            .miniBatch(false)
            .trainingWorkspaceMode(WorkspaceMode.NONE)
            .inferenceWorkspaceMode(WorkspaceMode.NONE)
            .graphBuilder()
            .addInputs(UNetPlan.IMAGE, UNetPlan.TIMESTEP, UNetPlan.KEYS);
    String last = null;
    for (UNetPlan.Node node : UNetPlan.of(spec)) {
      graph.addVertex(
          node.name(),
          new BlockVertex(node.name(), node.block(), updater),
          node.inputs().toArray(String[]::new));
      last = node.name();
    }
    long parameters = ParameterLayout.of(spec).size();
    return graph
        .addLayer(LOSS, new EpsilonLoss(parameters), last)
        .setOutputs(LOSS)
        .validateOutputLayerConfig(false)
        .build();
  }

  /** A network with all parameters zero and the fastest kernels for its type. */
  public static ComputationGraph create(UNetSpec spec, IUpdater updater, DataType type) {
    ComputationGraph graph = new ComputationGraph(configuration(spec, updater, type));
    graph.init();
    return graph;
  }

  /** What the blocks of a network share, to be changed before its first pass. */
  static BlockContext context(ComputationGraph graph) {
    for (GraphVertex vertex : graph.getVertices()) {
      if (vertex instanceof BlockGraphVertex block) {
        return block.context();
      }
    }
    throw new IllegalArgumentException("This is no U-Net: it has no blocks.");
  }
}
