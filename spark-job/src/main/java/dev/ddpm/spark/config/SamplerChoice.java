package dev.ddpm.spark.config;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.Visits;
import dev.ddpm.sampling.AncestralSampler;
import dev.ddpm.sampling.DdimSampler;
import dev.ddpm.sampling.DpmSolverPlusPlus2M;
import dev.ddpm.sampling.Sampler;
import dev.ddpm.sampling.SolverEnd;
import java.util.Map;

/**
 * The reverse processes that images can be sampled with: a constant names one, makes it, and says
 * which settings have an effect on it alone.
 */
public enum SamplerChoice {
  /** Ancestral sampling (Ho et al., arXiv 2006.11239, algorithm 2). */
  DDPM("ddpm") {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return new AncestralSampler(
          sampling.visited(model.schedule()),
          sampling.variance(),
          model.preset().noiseAtLastStep());
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of("variance", Word.of(sampling.variance()));
    }

    @Override
    public String describe(SamplingConfig sampling) {
      return this + ", " + Word.of(sampling.variance());
    }
  },
  /** Denoising diffusion implicit models (Song et al., arXiv 2010.02502). */
  DDIM("ddim") {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return new DdimSampler(sampling.visited(model.schedule()), sampling.eta());
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of("eta", Double.toString(sampling.eta()));
    }

    @Override
    public String describe(SamplingConfig sampling) {
      return this + ", eta " + sampling.eta();
    }
  },
  /** DPM-Solver++(2M) (Lu et al., arXiv 2211.01095). */
  DPM_SOLVER_PLUS_PLUS("dpm-solver++") {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return DpmSolverPlusPlus2M.of(
          model.schedule().build(), Visits.of(sampling.stepsOf(model.schedule())), SolverEnd.CLEAN);
    }
  };

  private final String text;

  SamplerChoice(String text) {
    this.text = text;
  }

  /** The rule of a step for a model. */
  public abstract Sampler create(ModelDescription model, SamplingConfig sampling);

  /** Values of the keys of {@code sampling} that this sampler reads and others do not. */
  public Map<String, String> settings(SamplingConfig sampling) {
    return Map.of();
  }

  /** The sampler with the settings that only it has, for a reader. */
  public String describe(SamplingConfig sampling) {
    return toString();
  }

  /** As written in a configuration. */
  @Override
  public String toString() {
    return text;
  }
}
