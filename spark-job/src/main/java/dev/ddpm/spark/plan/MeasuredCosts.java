package dev.ddpm.spark.plan;

/**
 * The figures that the cost model rests on. All of them are properties of a machine.
 *
 * @param flopsPerCore floating-point operations per second of one core in convolutions and matrix
 *     products
 * @param activationsPerCore bytes of activations per second that one core takes through all the
 *     rest of the network: normalisation, activation functions, copies
 * @param updateSecondsPerParameter what a core does with a parameter in every step, whatever the
 *     size of the batch: the optimiser's update, and the ways of weights and gradients
 * @param bytesPerCore bytes of model state per second that one core writes, reads or adds
 * @param roundSeconds to schedule the stages of a round
 * @param driverSecondsPerParameter what the driver does with a new mean: moving average, checks
 */
public record MeasuredCosts(
    double flopsPerCore,
    double activationsPerCore,
    double updateSecondsPerParameter,
    double bytesPerCore,
    double roundSeconds,
    double driverSecondsPerParameter) {

  /**
   * Measured on one machine of 2 cores (AMD Zen 4): {@code local-cluster[2,1,4096]} with the MNIST
   * configuration of 2,226,817 parameters and one of 13,692,609, batch 32, and one worker with
   * labml's 168 million, batch 16; the first three are those that give back the compute of these
   * three. The rounds are in the tables of {@code notes/rounds.md}. This is the one place of these
   * numbers; a better measurement replaces them here.
   */
  public static final MeasuredCosts REFERENCE =
      new MeasuredCosts(224e9, 1.95e9, 5.9e-9, 340e6, 0.05, 3e-9);

  /** The same with cores of another speed: in all of a step they are as much faster. */
  public MeasuredCosts withFlopsPerCore(double flops) {
    return new MeasuredCosts(
        flops,
        activationsPerCore * flops / flopsPerCore,
        updateSecondsPerParameter * flopsPerCore / flops,
        bytesPerCore,
        roundSeconds,
        driverSecondsPerParameter);
  }
}
