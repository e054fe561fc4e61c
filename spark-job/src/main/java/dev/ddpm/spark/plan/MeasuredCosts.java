package dev.ddpm.spark.plan;

/**
 * The figures that the cost model rests on. All of them are properties of a machine.
 *
 * @param flopsPerCore floating-point operations per second of one core in a training step, where
 *     only convolutions and matrix products are counted
 * @param bytesPerCore bytes of model state per second that one core writes, reads or adds
 * @param roundSeconds to schedule the stages of a round
 * @param driverSecondsPerParameter what the driver does with a new mean: moving average, checks
 */
public record MeasuredCosts(
    double flopsPerCore,
    double bytesPerCore,
    double roundSeconds,
    double driverSecondsPerParameter) {

  /**
   * Measured on one machine of 2 cores (AMD Zen 4), {@code local-cluster[2,1,4096]}, the MNIST
   * configuration of 2,226,817 parameters and one of 13,692,609, batch 32: the rounds of the tables
   * in {@code spark-job/DISTRIBUTED.md}. This is the one place of these numbers; a better
   * measurement replaces them here.
   */
  public static final MeasuredCosts REFERENCE = new MeasuredCosts(145e9, 340e6, 0.05, 3e-9);

  /** The same with another speed of the cores. */
  public MeasuredCosts withFlopsPerCore(double flops) {
    return new MeasuredCosts(flops, bytesPerCore, roundSeconds, driverSecondsPerParameter);
  }
}
