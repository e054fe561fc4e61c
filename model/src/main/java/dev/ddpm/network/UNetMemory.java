package dev.ddpm.network;

import dev.ddpm.network.block.BlockSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The memory that a U-Net takes outside of the Java heap, told from its architecture alone: before
 * a network is built, and before a machine is found to be too small for it.
 *
 * <p>Counted in training are weights, gradient and moments, the activations that the backward pass
 * reads, the gradients of the blocks' inputs, and the scratch memory that blocks of equal shape
 * share; in inference weights, these once more as kernels transform and keep them, the blocks'
 * results and the scratch memory.
 */
public final class UNetMemory {

  /** What kernels and the allocator take beyond the counted arrays. */
  private static final double SURCHARGE = 1.15;

  /** Winograd's 6×6 products per tile in place of a kernel's 3×3 weights. */
  private static final long TRANSFORMED = 36;

  private static final long KERNEL = 9;
  private static final long TRANSPOSED_KERNEL = 16;

  private final long parameters;
  private final Map<String, Long> positions = new HashMap<>();
  private final Tally training = new Tally();
  private final Tally inference = new Tally();
  private long keptWeights;

  /** Values per image: arrays of blocks, and scratch memory, which equal shapes share. */
  private static final class Tally {
    private final Set<String> scratch = new HashSet<>();
    private long values;

    void own(long length) {
      values += length;
    }

    void share(String role, long length) {
      if (scratch.add(role + " " + length)) {
        values += length;
      }
    }
  }

  private UNetMemory(UNetSpec spec) {
    this.parameters = ParameterLayout.of(spec).size();
    positions.put(UNetPlan.IMAGE, (long) spec.height() * spec.width());
    UNetPlan.of(spec).forEach(this::count);
  }

  /** The memory of an architecture. */
  public static UNetMemory of(UNetSpec spec) {
    return new UNetMemory(spec);
  }

  /** Trainable values. */
  public long parameters() {
    return parameters;
  }

  /** Bytes of the arrays that a training step fills per image. */
  public long activationBytes() {
    return Float.BYTES * training.values;
  }

  /**
   * Bytes that one replica takes in training.
   *
   * @param optimiserValues values that the optimiser keeps per parameter: 2 for Adam
   * @param batchSizes the sizes of batches that occur; each has buffers of its own
   */
  public long replicaBytes(int optimiserValues, Collection<Integer> batchSizes) {
    long images = batchSizes.stream().mapToLong(Integer::longValue).sum();
    double counted =
        (double) Float.BYTES * (parameters * (2 + optimiserValues) + training.values * images);
    return (long) (counted * SURCHARGE);
  }

  /**
   * Bytes that a pretrained network takes at the most: on CPUs without AVX-512 its kernels keep
   * less.
   *
   * @param batchSize of all batches
   */
  public long inferenceBytes(int batchSize) {
    double counted =
        (double) Float.BYTES * (parameters + keptWeights + inference.values * batchSize);
    return (long) (counted * SURCHARGE);
  }

  private void count(UNetPlan.Node node) {
    long above = positions.getOrDefault(node.inputs().get(0), 1L);
    long here = above;
    if (node.block() instanceof BlockSpec.Convolution convolution) {
      here = above / ((long) convolution.stride() * convolution.stride());
      training.own(here * convolution.out() + above * convolution.in());
      inference.own(here * convolution.out());
      keptWeights += KERNEL * convolution.in() * convolution.out();
    } else if (node.block() instanceof BlockSpec.Upsample upsample) {
      here = 4 * above;
      training.own(here * upsample.out() + above * upsample.in());
      inference.own(here * upsample.out());
      keptWeights += TRANSPOSED_KERNEL * upsample.in() * upsample.out();
      training.share("windows", 16 * above * upsample.out());
    } else if (node.block() instanceof BlockSpec.Residual residual) {
      residual(residual, above);
    } else if (node.block() instanceof BlockSpec.Attention attention) {
      attention(attention, above);
    } else if (node.block() instanceof BlockSpec.Output output) {
      training.own(above * (2L * output.in() + output.out()));
      inference.own(above * output.out());
      inference.share("activated", above * output.in());
      training.share("gradient", above * output.in());
      training.share("windows", 9 * above * output.out());
    }
    positions.put(node.name(), here);
  }

  /** The joined input if there is a skip, two activated images, the hidden one, y, and dx. */
  private void residual(BlockSpec.Residual block, long positions) {
    long in = positions * (block.current() + block.skip());
    long out = positions * block.out();
    training.own((block.skip() == 0 ? 0 : in) + 2 * in + 3 * out);
    inference.own(out);
    if (block.skip() > 0) {
      inference.share("both", in);
    }
    inference.share("activated", in);
    inference.share("activated", out);
    inference.share("hidden", out);
    long channels = (long) block.current() + block.skip();
    keptWeights += TRANSFORMED * (channels + block.out()) * block.out();
    training.share("gradient", out);
    training.share("hidden gradient", out);
    training.share("gradient", in);
    training.share("both gradient", in);
  }

  /** q, k and v, the weights of all pairs of positions, the mixed values, y and dx. */
  private void attention(BlockSpec.Attention block, long positions) {
    long image = positions * block.channels();
    long pairs = positions * positions;
    training.own(6 * image + block.heads() * pairs);
    long head = image / block.heads();
    inference.own(image);
    inference.share("query, key, value and mixed", 4 * head);
    inference.share("attention", pairs);
    training.share("query, key, value and mixed gradient", 4 * head);
    training.share("attention gradient", pairs);
  }
}
