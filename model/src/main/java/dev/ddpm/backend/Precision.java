package dev.ddpm.backend;

/** The floating-point type that a network computes in. */
public enum Precision {
  /** IEEE 754 single precision, what networks are trained and sampled in. */
  FLOAT32,

  /** IEEE 754 double precision, to check gradients. */
  FLOAT64
}
