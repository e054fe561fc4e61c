package dev.ddpm.spark.config;

import dev.ddpm.backend.Precision;

/** What networks may be computed in. */
public enum PrecisionChoice {
  /** Single precision. */
  FLOAT32(Precision.FLOAT32),

  /** Factors of convolutions and products in bfloat16, for networks that are not trained. */
  BFLOAT16(Precision.BFLOAT16);

  private final Precision precision;

  PrecisionChoice(Precision precision) {
    this.precision = precision;
  }

  /** As back ends call it. */
  public Precision precision() {
    return precision;
  }
}
