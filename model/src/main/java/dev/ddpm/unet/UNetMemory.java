package dev.ddpm.unet;

import dev.ddpm.layer.BlockSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The memory that training a U-Net takes outside of the Java heap, told from its architecture
 * alone: before a network is built, and before a machine is found to be too small for it.
 *
 * <p>Counted are weights, gradient and moments, the activations that the backward pass reads, the
 * gradients of the blocks' inputs, and the scratch memory that blocks of equal shape share.
 */
public final class UNetMemory {

  /** What kernels and the allocator take beyond the counted arrays. */
  private static final double SURCHARGE = 1.15;

  private final long parameters;
  private final Map<String, Long> positions = new HashMap<>();
  private final Set<String> scratch = new HashSet<>();
  private long values;

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

  /**
   * Bytes that one replica takes.
   *
   * @param optimiserValues values that the optimiser keeps per parameter: 2 for Adam
   * @param batchSizes the sizes of batches that occur; each has buffers of its own
   */
  public long replicaBytes(int optimiserValues, Collection<Integer> batchSizes) {
    long images = batchSizes.stream().mapToLong(Integer::longValue).sum();
    double counted = (double) Float.BYTES * (parameters * (2 + optimiserValues) + values * images);
    return (long) (counted * SURCHARGE);
  }

  private void count(UNetPlan.Node node) {
    long above = positions.getOrDefault(node.inputs().get(0), 1L);
    long here = above;
    if (node.block() instanceof BlockSpec.Convolution convolution) {
      here = above / ((long) convolution.stride() * convolution.stride());
      values += here * convolution.out() + above * convolution.in();
    } else if (node.block() instanceof BlockSpec.Upsample upsample) {
      here = 4 * above;
      values += here * upsample.out() + above * upsample.in();
      share("windows", 16 * above * upsample.out());
    } else if (node.block() instanceof BlockSpec.Residual residual) {
      residual(residual, above);
    } else if (node.block() instanceof BlockSpec.Attention attention) {
      attention(attention, above);
    } else if (node.block() instanceof BlockSpec.Output output) {
      values += above * (2L * output.in() + output.out());
      share("gradient", above * output.in());
      share("windows", 9 * above * output.out());
    }
    positions.put(node.name(), here);
  }

  /** The joined input if there is a skip, two activated images, the hidden one, y, and dx. */
  private void residual(BlockSpec.Residual block, long positions) {
    long in = positions * (block.current() + block.skip());
    long out = positions * block.out();
    values += (block.skip() == 0 ? 0 : in) + 2 * in + 3 * out;
    share("gradient", out);
    share("hidden gradient", out);
    share("gradient", in);
    share("both gradient", in);
  }

  /** q, k and v, the weights of all pairs of positions, the mixed values, y and dx. */
  private void attention(BlockSpec.Attention block, long positions) {
    long image = positions * block.channels();
    long pairs = positions * positions;
    values += 6 * image + block.heads() * pairs;
    long head = image / block.heads();
    share("query, key, value and mixed gradient", 4 * head);
    share("attention gradient", pairs);
  }

  private void share(String role, long length) {
    if (scratch.add(role + " " + length)) {
      values += length;
    }
  }
}
