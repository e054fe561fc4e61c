package dev.ddpm.spark.train;

/** Whether a run goes on from what its folder holds. */
public enum Resume {
  /** From the newest complete checkpoint, or from the beginning if there is none. */
  AUTO,
  /** Never: a folder with checkpoints is refused. */
  NEVER,
  /** Always: a folder without a complete checkpoint is refused. */
  REQUIRE
}
