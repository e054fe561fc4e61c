package dev.ddpm.spark.config;

/** The reverse processes that images can be sampled with. */
public enum SamplerChoice {
  /** Ancestral sampling (Ho et al., arXiv 2006.11239, algorithm 2). */
  DDPM("ddpm"),
  /** Denoising diffusion implicit models (Song et al., arXiv 2010.02502). */
  DDIM("ddim"),
  /** DPM-Solver++(2M) (Lu et al., arXiv 2211.01095). */
  DPM_SOLVER_PLUS_PLUS("dpm-solver++");

  private final String text;

  SamplerChoice(String text) {
    this.text = text;
  }

  /** As written in a configuration. */
  @Override
  public String toString() {
    return text;
  }
}
