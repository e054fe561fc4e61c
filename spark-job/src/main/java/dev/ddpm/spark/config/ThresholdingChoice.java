package dev.ddpm.spark.config;

/** What can be done to the clean images that the model predicts at every step. */
public enum ThresholdingChoice {
  /** What the model was trained for: {@link #CLIP} by the paper, {@link #NONE} by labml. */
  PRESET,
  /** Nothing. */
  NONE,
  /** Values are clipped to the data range. */
  CLIP,
  /** Values are scaled into the data range by a quantile (Saharia et al., arXiv 2205.11487). */
  DYNAMIC
}
