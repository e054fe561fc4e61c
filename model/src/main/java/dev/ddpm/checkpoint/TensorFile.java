package dev.ddpm.checkpoint;

/** The files of tensors in a model folder. */
public enum TensorFile {
  /** The weights that training goes on from. */
  WEIGHTS("weights.safetensors"),
  /** Their moving average, which is better for sampling. */
  EMA("ema.safetensors"),
  /** Adam's moments, each under the name of its weight with the prefix {@code m.} or {@code v.}. */
  UPDATER("updater.safetensors"),
  /** What moves the weights on from round to round: the momentum of the outer optimiser. */
  MOMENTUM("momentum.safetensors"),
  /**
   * Averages of the weights of which others are made after the fact, each tensor under the name of
   * its weight with the prefix {@code narrow.} or {@code wide.}.
   */
  PROFILES("profiles.safetensors");

  private final String fileName;

  TensorFile(String fileName) {
    this.fileName = fileName;
  }

  /** The name within the folder. */
  public String fileName() {
    return fileName;
  }
}
