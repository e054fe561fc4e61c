package dev.ddpm.spark.config;

/** By which figure of the held-out images a model is the best so far. */
public enum BestBy {
  /** Their mean loss. */
  LOSS,
  /** The Fréchet distance of drawn images to them. */
  FRECHET
}
