package dev.ddpm.spark.plan;

import dev.ddpm.network.Architecture;
import dev.ddpm.network.NetworkMemory;
import dev.ddpm.spark.cluster.WireFormat;

/**
 * What a worker does in a round.
 *
 * @param parameters trainable values
 * @param stateValues values that the optimiser keeps per parameter
 * @param wire how both travel; weights always reach the workers as float32
 * @param imageFlops floating-point operations of one image in one step
 * @param imageBytes bytes of the activations of one image
 * @param batchSize images per step
 * @param steps per round
 */
public record Workload(
    long parameters,
    int stateValues,
    WireFormat wire,
    double imageFlops,
    double imageBytes,
    int batchSize,
    int steps) {
  /** Half of a forward pass more, which is a third of a step. */
  private static final double RECOMPUTED = 7.0 / 6;

  /** The workload of a configuration. */
  public static Workload of(
      Architecture architecture, int stateValues, WireFormat wire, int batchSize, int steps) {
    NetworkMemory memory = NetworkMemory.of(architecture);
    return new Workload(
        memory.parameters(),
        stateValues,
        wire,
        architecture.plan().trainingFlops(),
        memory.activationBytes(),
        batchSize,
        steps);
  }

  /**
   * The same where blocks recompute in the backward pass what lies between their input and their
   * result.
   */
  public Workload recomputed() {
    return new Workload(
        parameters,
        stateValues,
        wire,
        imageFlops * RECOMPUTED,
        imageBytes * RECOMPUTED,
        batchSize,
        steps);
  }

  /** Weights and moments. */
  long values() {
    return parameters * (1 + stateValues);
  }

  /** Bytes of a state on its way to a worker. */
  long broadcastBytes() {
    return parameters * (Float.BYTES + stateValues * wire.bytes());
  }

  /** Bytes of a state on its way back. */
  long returnedBytes() {
    return values() * wire.bytes();
  }

  /**
   * The same round of a wider model: activations grow with the width, parameters with its square.
   */
  Workload scaledTo(long otherParameters) {
    double factor = (double) otherParameters / parameters;
    return new Workload(
        otherParameters,
        stateValues,
        wire,
        imageFlops * factor,
        imageBytes * Math.sqrt(factor),
        batchSize,
        steps);
  }
}
