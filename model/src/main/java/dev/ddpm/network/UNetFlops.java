package dev.ddpm.network;

import dev.ddpm.network.block.BlockSpec;
import java.util.HashMap;
import java.util.Map;

/**
 * The floating-point operations of a U-Net's forward pass that are part of a convolution or a
 * matrix product, told from its architecture alone; a multiplication and an addition count as two.
 * A training step takes three times as many: the backward pass has a product for the gradient of
 * the input and one for that of the weight.
 */
public final class UNetFlops {
  private static final int TRAINING_PASSES = 3;

  private final Map<String, Long> positions = new HashMap<>();

  private UNetFlops(UNetSpec spec) {
    positions.put(UNetPlan.IMAGE, (long) spec.height() * spec.width());
  }

  /** Operations of a forward pass per image. */
  public static long forward(UNetSpec spec) {
    UNetFlops flops = new UNetFlops(spec);
    return UNetPlan.of(spec).stream().mapToLong(flops::count).sum();
  }

  /** Operations of a training step per image. */
  public static long training(UNetSpec spec) {
    return TRAINING_PASSES * forward(spec);
  }

  private long count(UNetPlan.Node node) {
    // a network input that is not an image is one vector
    long here = positions.getOrDefault(node.inputs().get(0), 1L);
    if (node.block() instanceof BlockSpec.Convolution convolution) {
      here /= (long) convolution.stride() * convolution.stride();
    } else if (node.block() instanceof BlockSpec.Upsample) {
      here *= 4;
    }
    positions.put(node.name(), here);
    return node.block().flops(here);
  }
}
