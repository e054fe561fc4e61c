package dev.ddpm.spark.train;

import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.NetworkMemory;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.train.round.BlockMean;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.RoundPlan;
import java.util.List;

/** What training takes of memory, from its architecture and plan alone. */
public final class TrainingMemory {
  /** Spark fetches the results of four tasks at a time. */
  private static final long IN_FLIGHT = 4L * BlockMean.RETURNED * BlockMean.BLOCK * Float.BYTES;

  private TrainingMemory() {}

  /**
   * The needs of training.
   *
   * <p>With S bytes of weights and moments and W bytes of weights, the driver holds the state, its
   * broadcast and the mean that arrives (3 S), what a few tasks have returned, as Spark fetches it
   * and as it unpacks that, the averages over time (W each) and the momentum of the outer optimiser
   * (W); a quarter more is what large arrays leave unused between them. An executor holds the state
   * it received, as it came and as it is used (2 S); each of its tasks the state it has arrived at
   * and what it adds up (2 S), and a replica. An executor allocates all of this in every round, in
   * arrays that a collection does not move: with one task, two thirds more are left unused between
   * them.
   *
   * <p>The order of an epoch is on the driver, twice while it is broadcast, and on each executor,
   * as it comes and as it is used.
   *
   * @param orderBytes heap that the order of an epoch takes
   * @param saving how a replica saves memory
   */
  public static MemoryNeeds of(
      Architecture architecture,
      RoundPlan plan,
      Optimiser optimiser,
      OuterOptimiser outer,
      int averages,
      long orderBytes,
      MemorySaving saving) {
    NetworkMemory memory = NetworkMemory.of(architecture);
    long weights = Float.BYTES * memory.parameters();
    long state = weights * (1 + optimiser.stateValues());
    long kept = weights * (averages + outer.stateValues());
    long result = state + state / 100 + (1 << 20);
    return new MemoryNeeds(
        MemoryNeeds.SPARK_HEAP
            + (3 * state + 2 * Math.min(state, IN_FLIGHT) + kept) * 5 / 4
            + 2 * orderBytes,
        memory.replicaBytes(optimiser.stateValues(), List.of()),
        MemoryNeeds.SPARK_HEAP + 14 * state / 3 + 2 * orderBytes,
        2 * state,
        memory.replicaBytes(optimiser.stateValues(), plan.batchSizes(), saving),
        result,
        saving.imagesAtOnce() == 1 ? "" : "training.batch-size",
        1,
        plan.workers());
  }
}
