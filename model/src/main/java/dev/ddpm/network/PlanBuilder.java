package dev.ddpm.network;

import dev.ddpm.image.ImageShape;
import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.ResidualBlock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Lays out the blocks of a U-Net one after the other: knows the last one and its channels, those
 * that are to be joined on the way up, and how many residual blocks there are, which number their
 * dropout.
 */
final class PlanBuilder {
  /** Name of the block that the time embedding of residual blocks comes from. */
  static final String TIME = "time";

  private final List<NetworkPlan.Node> nodes = new ArrayList<>();
  private final Deque<Skip> skips = new ArrayDeque<>();
  private final Residuals residuals;
  private String current = NetworkPlan.IMAGE;
  private int channels;
  private int residualBlocks;

  private record Skip(String name, int channels) {}

  /**
   * What the residual blocks of a network have in common.
   *
   * @param timeChannels width of the time embedding
   * @param normGroups groups of their normalisations
   * @param normEpsilon added to the variances
   * @param dropout rate in training
   * @param scaleShift whether time scales and shifts
   * @param layers names in the state dict of layers that have another one there, by the block's
   */
  record Residuals(
      int timeChannels,
      int normGroups,
      double normEpsilon,
      double dropout,
      boolean scaleShift,
      Map<String, String> layers) {}

  /** A plan without blocks. */
  PlanBuilder(Residuals residuals) {
    this.residuals = residuals;
  }

  /** Name of the block whose result comes next. */
  String current() {
    return current;
  }

  /** Channels of its result. */
  int channels() {
    return channels;
  }

  /** Goes on from a block that was appended earlier, and whose result has so many channels. */
  void goOnFrom(String name, int itsChannels) {
    current = name;
    channels = itsChannels;
  }

  /** Appends a block whose layers are named in the state dict as they are here. */
  void append(String name, BlockSpec block, String... inputs) {
    append(name, block, Map.of(), inputs);
  }

  /** Appends a block. */
  void append(String name, BlockSpec block, Map<String, String> layers, String... inputs) {
    nodes.add(new NetworkPlan.Node(name, name + ".", block, List.of(inputs), layers));
    current = name;
  }

  /** Keeps the current result for the way up. */
  void keep() {
    skips.push(new Skip(current, channels));
  }

  /** Appends a residual block. */
  void residual(String name, int out, double divisor) {
    append(name, block(0, out, divisor), residuals.layers(), current, TIME, NetworkPlan.KEYS);
    channels = out;
  }

  /** Appends a residual block that joins the result that was kept last. */
  void joiningResidual(String name, int out) {
    Skip skip = skips.pop();
    append(
        name,
        block(skip.channels(), out, 1),
        residuals.layers(),
        current,
        skip.name(),
        TIME,
        NetworkPlan.KEYS);
    channels = out;
  }

  private ResidualBlock.Spec block(int joined, int out, double divisor) {
    return new ResidualBlock.Spec(
        channels,
        joined,
        out,
        residuals.timeChannels(),
        residuals.normGroups(),
        residuals.normEpsilon(),
        residuals.dropout(),
        residualBlocks++,
        residuals.scaleShift(),
        divisor);
  }

  /**
   * Ends the plan with the block that predicts, whose tensors have no prefix.
   *
   * @param layers names in the state dict of its layers that have another one there
   */
  NetworkPlan build(ImageShape shape, String name, BlockSpec output, Map<String, String> layers) {
    nodes.add(new NetworkPlan.Node(name, "", output, List.of(current), layers));
    return new NetworkPlan(shape, nodes);
  }
}
