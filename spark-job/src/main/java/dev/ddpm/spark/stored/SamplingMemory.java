package dev.ddpm.spark.stored;

import dev.ddpm.network.Architecture;
import dev.ddpm.network.NetworkMemory;
import dev.ddpm.spark.cluster.MemoryNeeds;

/** What drawing images takes of memory, from the architecture and the micro-batch alone. */
public final class SamplingMemory {
  /** Float values per value of a micro-batch that a sampler and its results take. */
  private static final long SAMPLER_VALUES = 10;

  private SamplingMemory() {}

  /**
   * The needs of drawing.
   *
   * <p>With W bytes of weights, the driver holds them as they were read and as their broadcast (2
   * W), an executor as it receives and as it unpacks them (2 W); a quarter more is what large
   * arrays leave unused between them. Each task has a network.
   *
   * @param microBatch images that are drawn together
   * @param batchKey key or option that says how many
   */
  public static MemoryNeeds of(Architecture architecture, int microBatch, String batchKey) {
    NetworkMemory memory = NetworkMemory.of(architecture);
    long weights = Float.BYTES * memory.parameters();
    long batch = (long) Float.BYTES * microBatch * architecture.imageShape().size();
    long heap = MemoryNeeds.SPARK_HEAP + 2 * weights * 5 / 4;
    return new MemoryNeeds(
        heap,
        0,
        heap,
        SAMPLER_VALUES * batch,
        memory.inferenceBytes(microBatch),
        1 << 20,
        batchKey);
  }
}
