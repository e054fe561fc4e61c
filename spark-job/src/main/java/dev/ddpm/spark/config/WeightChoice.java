package dev.ddpm.spark.config;

/** The weights of a model folder that images can be sampled with. */
public enum WeightChoice {
  /** The moving average; the last weights where the model has none. */
  EMA,
  /** The last weights. */
  RAW
}
