package dev.ddpm.backend;

/** The floating-point type that a network computes in. */
public enum Precision {
  /** IEEE 754 single precision, what networks are trained and sampled in. */
  FLOAT32,

  /**
   * Factors of convolutions and products rounded to bfloat16 (8 bits of significand), their sums
   * and everything else in single precision, as are all tensors. For networks that are not trained.
   */
  BFLOAT16,

  /**
   * Factors of convolutions and products rounded to 10 bits of significand, their sums and
   * everything else in single precision: what NVIDIA's cards from compute capability 8.0 on
   * multiply fastest without another type of tensors.
   */
  TF32,

  /** IEEE 754 double precision, to check gradients. */
  FLOAT64
}
