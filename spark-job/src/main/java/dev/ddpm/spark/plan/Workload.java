package dev.ddpm.spark.plan;

import dev.ddpm.unet.ParameterLayout;
import dev.ddpm.unet.UNetFlops;
import dev.ddpm.unet.UNetSpec;

/**
 * What a worker does in a round.
 *
 * @param parameters trainable values
 * @param stateBytes weights and moments: what travels
 * @param imageFlops floating-point operations of one image in one step
 * @param batchSize images per step
 * @param steps per round
 */
public record Workload(
    long parameters, long stateBytes, double imageFlops, int batchSize, int steps) {

  /**
   * The workload of a configuration.
   *
   * @param stateValues values that the optimiser keeps per parameter
   */
  public static Workload of(UNetSpec unet, int stateValues, int batchSize, int steps) {
    long parameters = ParameterLayout.of(unet).size();
    return new Workload(
        parameters,
        Float.BYTES * parameters * (1 + stateValues),
        UNetFlops.training(unet),
        batchSize,
        steps);
  }

  /** The same round of another model. */
  Workload scaledTo(long otherParameters) {
    double factor = (double) otherParameters / parameters;
    return new Workload(
        otherParameters, Math.round(stateBytes * factor), imageFlops * factor, batchSize, steps);
  }
}
