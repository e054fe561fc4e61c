package dev.ddpm.network.dl4j;

import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import dev.ddpm.network.NetworkPlan;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * The blocks of a network as a DL4J computation graph.
 *
 * <p>Inputs: the noised image (batch, height, width, channels), the timestep (batch, 1), both in
 * the network's type, a dropout key per image (batch), 64 bits, and, for networks that know
 * classes, one per image (batch, 1). Output: the predicted noise, shaped like the image.
 */
final class BlockGraph {
  private static final String LOSS = "loss";

  private BlockGraph() {}

  /**
   * The graph as DL4J stores it.
   *
   * @param plan the blocks
   * @param updater what turns gradients into updates
   * @param type FLOAT, or DOUBLE to check gradients
   */
  public static ComputationGraphConfiguration configuration(
      NetworkPlan plan, IUpdater updater, DataType type) {
    Nd4jNatives.select();
    ComputationGraphConfiguration.GraphBuilder graph =
        new NeuralNetConfiguration.Builder()
            .dataType(type)
            .updater(updater)
            .miniBatch(false)
            .trainingWorkspaceMode(WorkspaceMode.NONE)
            .inferenceWorkspaceMode(WorkspaceMode.NONE)
            .graphBuilder()
            .addInputs(plan.inputs());
    String last = null;
    for (NetworkPlan.Node node : plan.nodes()) {
      graph.addVertex(
          node.name(),
          new BlockVertex(node.name(), node.block(), updater),
          node.inputs().toArray(String[]::new));
      last = node.name();
    }
    long parameters = plan.layout().size();
    return graph
        .addLayer(LOSS, new SimpleLoss(parameters), last)
        .setOutputs(LOSS)
        .validateOutputLayerConfig(false)
        .build();
  }

  /**
   * A network with all parameters zero and the fastest kernels for its type.
   *
   * @throws IllegalArgumentException if DL4J, which lays out parameters in the order in which it
   *     computes blocks, has another one than the plan
   */
  public static ComputationGraph create(NetworkPlan plan, IUpdater updater, DataType type) {
    ComputationGraph graph = new ComputationGraph(configuration(plan, updater, type));
    graph.init();
    List<String> planned = plan.nodes().stream().map(NetworkPlan.Node::name).toList();
    List<String> computed =
        Arrays.stream(graph.topologicalSortOrder())
            .mapToObj(index -> graph.getVertices()[index])
            .filter(BlockGraphVertex.class::isInstance)
            .map(GraphVertex::getVertexName)
            .toList();
    if (!computed.equals(planned)) {
      throw new IllegalArgumentException(
          "DL4J computes the blocks in the order " + computed + ", planned is " + planned);
    }
    return graph;
  }

  /** What the blocks of a network share. */
  static Nd4jEngine engine(ComputationGraph graph) {
    for (GraphVertex vertex : graph.getVertices()) {
      if (vertex instanceof BlockGraphVertex block) {
        return block.engine();
      }
    }
    throw new IllegalArgumentException("This graph has no blocks.");
  }

  /** Computes a network by another engine, from its next pass on. */
  static void use(Nd4jEngine engine, ComputationGraph graph) {
    for (GraphVertex vertex : graph.getVertices()) {
      if (vertex instanceof BlockGraphVertex block) {
        block.use(engine);
      }
    }
  }
}
