package dev.ddpm.network;

import dev.ddpm.network.block.MemoryCount;
import java.util.Collection;

/**
 * The memory that a network takes outside of the Java heap, told from its architecture alone:
 * before a network is built, and before a machine is found to be too small for it.
 *
 * <p>Counted in training are weights, gradient and moments, the activations that the backward pass
 * reads, the gradients of the blocks' inputs, and the scratch memory that blocks of equal shape
 * share; in inference weights, these once more as kernels transform and keep them, the blocks'
 * results and the scratch memory.
 */
public final class NetworkMemory {

  /** What kernels and the allocator take beyond the counted arrays. */
  private static final double SURCHARGE = 1.15;

  /** 4 PiB: more than any machine has, and little enough to be multiplied by a number of tasks. */
  private static final double MOST_BYTES = 1L << 52;

  private final long parameters;
  private final MemoryCount count;

  private NetworkMemory(long parameters, MemoryCount count) {
    this.parameters = parameters;
    this.count = count;
  }

  /** The memory of an architecture. */
  public static NetworkMemory of(Architecture architecture) {
    return of(architecture.plan());
  }

  /** The memory of a plan. */
  static NetworkMemory of(NetworkPlan plan) {
    var count = new MemoryCount();
    plan.visit((block, above, here) -> block.count(count, above));
    return new NetworkMemory(plan.layout().size(), count);
  }

  /** Trainable values. */
  public long parameters() {
    return parameters;
  }

  /** Bytes of the arrays that a training step fills per image. */
  public long activationBytes() {
    return Float.BYTES * count.training().values();
  }

  /**
   * Bytes that one replica takes in training.
   *
   * @param optimiserValues values that the optimiser keeps per parameter: 2 for Adam
   * @param batchSizes the sizes of batches that occur; each has buffers of its own
   */
  public long replicaBytes(int optimiserValues, Collection<Integer> batchSizes) {
    return replicaBytes(optimiserValues, batchSizes, MemorySaving.NONE);
  }

  /**
   * The same of a replica that saves memory. Gradients of parts are added up in an array of their
   * own.
   */
  public long replicaBytes(
      int optimiserValues, Collection<Integer> batchSizes, MemorySaving saving) {
    long images = saving.passSizes(batchSizes).stream().mapToLong(Integer::longValue).sum();
    long arrays = 2L + optimiserValues + (saving.divides(batchSizes) ? 1 : 0);
    long values = saving.recomputes() ? count.recomputingValues() : count.training().values();
    return bytes((double) Float.BYTES * (parameters * arrays + (double) values * images));
  }

  /**
   * Bytes that a pretrained network takes at the most: convolutions that Winograd's algorithm does
   * not suit keep less.
   *
   * @param batchSize of all batches
   */
  public long inferenceBytes(int batchSize) {
    double counted =
        (double) Float.BYTES
            * (parameters + count.keptWeights() + (double) count.inference().values() * batchSize);
    return bytes(counted);
  }

  private static long bytes(double counted) {
    return (long) Math.min(counted * SURCHARGE, MOST_BYTES);
  }
}
