package dev.ddpm.spark.evaluate;

/** The metrics that an evaluation can compute, by the words of option {@code --metrics}. */
public enum MetricChoice {
  /** Bits per dimension of the images of the table: the variational bound of Ho et al. */
  BITS_PER_DIM {
    @Override
    Metric create() {
      return new BitsPerDim();
    }
  };

  abstract Metric create();
}
