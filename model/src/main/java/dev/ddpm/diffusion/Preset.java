package dev.ddpm.diffusion;

/**
 * Whose conventions a model follows where implementations of the paper differ. It decides the
 * defaults of several keys of a configuration, which say so themselves, and two properties of
 * sampling.
 */
public enum Preset {
  /** Parity with labml.ai's annotated implementation ({@code labml_nn/diffusion/ddpm}). */
  LABML(false, true),

  /** What Ho et al. did (arXiv 2006.11239, appendix B): better images. The default. */
  PAPER(true, false);

  private final boolean clipX0;
  private final boolean noiseAtLastStep;

  Preset(boolean clipX0, boolean noiseAtLastStep) {
    this.clipX0 = clipX0;
    this.noiseAtLastStep = noiseAtLastStep;
  }

  /** Whether x̂_0 is clipped to the data range while sampling. */
  public boolean clipX0() {
    return clipX0;
  }

  /** Whether the reverse step from t = 0 adds noise. */
  public boolean noiseAtLastStep() {
    return noiseAtLastStep;
  }
}
