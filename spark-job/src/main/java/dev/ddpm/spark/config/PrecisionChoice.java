package dev.ddpm.spark.config;

import dev.ddpm.backend.Precision;

/** What networks may be computed in. */
public enum PrecisionChoice {
  /** Single precision. */
  FLOAT32(Precision.FLOAT32),

  /** Factors of convolutions and products in bfloat16. */
  BFLOAT16(Precision.BFLOAT16),

  /** Factors of convolutions and products with 11 bits of significand, on cards alone. */
  TF32(Precision.TF32);

  private final Precision precision;

  PrecisionChoice(Precision precision) {
    this.precision = precision;
  }

  /** As back ends call it. */
  public Precision precision() {
    return precision;
  }
}
