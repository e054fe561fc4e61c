package dev.ddpm.spark.stored;

import dev.ddpm.network.Architecture;
import dev.ddpm.network.NetworkMemory;
import dev.ddpm.sampling.Guidance;
import dev.ddpm.spark.cluster.MemoryNeeds;
import java.util.Optional;

/** What drawing images takes of memory, from the architecture and the micro-batch alone. */
public final class SamplingMemory {
  /** Float values per value of a micro-batch that a sampler and its results take. */
  private static final long SAMPLER_VALUES = 10;

  /** The same of guidance: what both models say, and the images twice with what is said of them. */
  private static final long GUIDANCE_VALUES = 5;

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
    return of(architecture, Optional.empty(), Guidance.NONE, microBatch, batchKey);
  }

  /**
   * The needs of drawing under guidance. A model that is its own guide computes twice the images,
   * and keeps buffers for both numbers where it is one only at some timesteps; another one has
   * weights and buffers of its own.
   *
   * @param weaker the other model that guides, if it is another
   * @param microBatch images that are drawn together
   * @param batchKey key or option that says how many
   */
  static MemoryNeeds of(
      Architecture architecture,
      Optional<Architecture> weaker,
      Guidance guidance,
      int microBatch,
      String batchKey) {
    NetworkMemory memory = NetworkMemory.of(architecture);
    long parameters = memory.parameters();
    int computed = microBatch;
    long samplerValues = SAMPLER_VALUES;
    long others = 0;
    int engines = 1;
    if (!guidance.isNone()) {
      samplerValues += GUIDANCE_VALUES;
      if (weaker.isPresent()) {
        NetworkMemory guide = NetworkMemory.of(weaker.get());
        parameters += guide.parameters();
        engines = 2;
        others = guide.inferenceBytes(microBatch);
      } else {
        computed = microBatch * (guidance.isEverywhere() ? 2 : 3);
      }
    }
    long batch = (long) Float.BYTES * microBatch * architecture.imageShape().size();
    long heap = MemoryNeeds.SPARK_HEAP + 2 * Float.BYTES * parameters * 5 / 4;
    return new MemoryNeeds(
        heap,
        0,
        heap,
        samplerValues * batch,
        memory.inferenceBytes(computed) + others,
        1 << 20,
        batchKey,
        engines,
        MemoryNeeds.ALL_TASKS);
  }
}
