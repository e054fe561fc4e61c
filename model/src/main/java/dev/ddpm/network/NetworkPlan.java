package dev.ddpm.network;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A network as a list of named blocks in the order of its state dict, which is also an order in
 * which they can be computed. The last block gives the prediction, shaped like the image.
 *
 * @param imageShape shape of the image
 * @param nodes the blocks
 */
public record NetworkPlan(ImageShape imageShape, List<Node> nodes) {
  /** Name of the input with the noised images, (batch, height, width, channels). */
  public static final String IMAGE = "image";

  /** Name of the input with the timesteps, (batch, 1). */
  public static final String TIMESTEP = "timestep";

  /** Name of the input with the classes, (batch, 1); only of networks that know classes. */
  public static final String CLASS = "class";

  /** Name of the input with a dropout key per image, (batch), 64 bits. */
  public static final String KEYS = "dropout-keys";

  /** The gradients of input and weight take a pass each beside the forward one. */
  private static final int TRAINING_PASSES = 3;

  /** Adam's moments, two per weight, are one array. */
  private static final long MAXIMUM_PARAMETERS = (Integer.MAX_VALUE - 8) / 2;

  /**
   * Freezes the list.
   *
   * @throws DdpmException (user) if there are more weights than an array can hold with their
   *     moments
   */
  public NetworkPlan {
    nodes = List.copyOf(nodes);
    long parameters =
        nodes.stream()
            .flatMap(node -> node.block().parameters().stream())
            .mapToLong(Parameter::length)
            .sum();
    if (parameters > MAXIMUM_PARAMETERS) {
      throw DdpmException.user(
          "The network is too large: it would have %d weights, and at most %d are possible.",
          parameters, MAXIMUM_PARAMETERS);
    }
  }

  /**
   * One block.
   *
   * @param name its name in the plan
   * @param prefix what precedes the names of its tensors in the state dict
   * @param block what it computes
   * @param inputs names of the blocks or network inputs that it reads
   * @param layers names in the state dict of layers of the block that have another one there, by
   *     the block's
   */
  public record Node(
      String name,
      String prefix,
      BlockSpec block,
      List<String> inputs,
      Map<String, String> layers) {

    /** Freezes the collections. */
    public Node {
      inputs = List.copyOf(inputs);
      layers = Map.copyOf(layers);
    }

    /** A block whose layers are named in the state dict as they are here. */
    public Node(String name, String prefix, BlockSpec block, List<String> inputs) {
      this(name, prefix, block, inputs, Map.of());
    }

    /** The name in the state dict of a tensor, which is that of its layer and what it is there. */
    String tensor(Parameter parameter) {
      String tensor = parameter.name();
      int dot = tensor.lastIndexOf('.');
      String layer = dot < 0 ? null : layers.get(tensor.substring(0, dot));
      return prefix + (layer == null ? tensor : layer + tensor.substring(dot));
    }
  }

  /** The names of the network's inputs. */
  public List<String> inputs() {
    boolean classes = nodes.stream().anyMatch(node -> node.inputs().contains(CLASS));
    return classes ? List.of(IMAGE, TIMESTEP, KEYS, CLASS) : List.of(IMAGE, TIMESTEP, KEYS);
  }

  /** Takes a block, the positions (height · width) of its first input and those of its output. */
  @FunctionalInterface
  interface Visitor {
    void visit(BlockSpec block, long inputPositions, long outputPositions);
  }

  /** Follows the size of the image from block to block. */
  void visit(Visitor visitor) {
    Map<String, Long> positions = new HashMap<>();
    positions.put(IMAGE, (long) imageShape.height() * imageShape.width());
    for (Node node : nodes) {
      // a network input that is not an image is one vector
      long above = positions.getOrDefault(node.inputs().get(0), 1L);
      long here = node.block().outputPositions(above);
      positions.put(node.name(), here);
      visitor.visit(node.block(), above, here);
    }
  }

  /**
   * Operations of a forward pass per image that are part of a convolution or a matrix product; a
   * multiplication and an addition count as two.
   */
  public long forwardFlops() {
    long[] sum = {0};
    visit((block, above, here) -> sum[0] += block.flops(here));
    return sum[0];
  }

  /** The same of a training step. */
  public long trainingFlops() {
    return TRAINING_PASSES * forwardFlops();
  }

  /** The memory of the network. */
  public NetworkMemory memory() {
    return NetworkMemory.of(this);
  }

  /** Where each tensor lies in the network's flat vectors. */
  public ParameterLayout layout() {
    return ParameterLayout.of(this);
  }
}
