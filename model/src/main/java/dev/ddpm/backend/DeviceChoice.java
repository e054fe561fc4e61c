package dev.ddpm.backend;

/** What a user wants networks to be computed on. */
public enum DeviceChoice {
  /** The back end of the highest rank, which needs not be asked for. */
  CPU,

  /** An NVIDIA card, or nothing. */
  CUDA,

  /** An NVIDIA card where one serves, and else the CPU. */
  AUTO
}
