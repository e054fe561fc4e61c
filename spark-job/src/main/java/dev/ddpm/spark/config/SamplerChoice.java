package dev.ddpm.spark.config;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.sampling.AncestralSampler;
import dev.ddpm.sampling.DdimSampler;
import dev.ddpm.sampling.DpmSolverPlusPlus2M;
import dev.ddpm.sampling.EulerSampler;
import dev.ddpm.sampling.HeunSampler;
import dev.ddpm.sampling.PndmSampler;
import dev.ddpm.sampling.Sampler;
import dev.ddpm.sampling.SolverEnd;
import dev.ddpm.sampling.UniPcSampler;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

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
          sampling.visits(model.schedule()).markov(model.schedule().build()),
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
      return new DdimSampler(
          sampling.visits(model.schedule()).markov(model.schedule().build()),
          sampling.eta(),
          sampling.ddimNoise() == DdimNoise.PREDICTED,
          lastAlphaBar(model, sampling));
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of(
          "eta",
          Double.toString(sampling.eta()),
          "ddim-noise",
          Word.of(sampling.ddimNoise()),
          "end",
          Word.of(sampling.end()));
    }

    @Override
    public String describe(SamplingConfig sampling) {
      return this + ", eta " + sampling.eta();
    }
  },
  /** DPM-Solver++(2M) (Lu et al., arXiv 2211.01095). */
  DPM_SOLVER_PLUS_PLUS("dpm-solver++", true) {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return DpmSolverPlusPlus2M.of(
          model.schedule().build(), sampling.visits(model.schedule()), sampling.end());
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of(
          "noise-levels", Word.of(sampling.noiseLevels()), "end", Word.of(sampling.end()));
    }
  },
  /** UniPC of the second order (Zhao et al., arXiv 2302.04867). */
  UNIPC("unipc", true) {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return UniPcSampler.of(
          model.schedule().build(), sampling.visits(model.schedule()), sampling.end());
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return DPM_SOLVER_PLUS_PLUS.settings(sampling);
    }
  },
  /** Euler's method in terms of noise levels (Karras et al., arXiv 2206.00364). */
  EULER("euler", true) {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return EulerSampler.of(model.schedule().build(), sampling.visits(model.schedule()));
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of("noise-levels", Word.of(sampling.noiseLevels()));
    }
  },
  /** Heun's method in terms of noise levels (Karras et al., arXiv 2206.00364). */
  HEUN("heun", true) {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return HeunSampler.of(model.schedule().build(), sampling.visits(model.schedule()));
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return EULER.settings(sampling);
    }
  },
  /** Pseudo-numerical methods of the fourth order (Liu et al., arXiv 2202.09778). */
  PNDM("pndm") {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return PndmSampler.rungeKutta(
          model.schedule().build(),
          sampling.visits(model.schedule()),
          lastAlphaBar(model, sampling));
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of("end", Word.of(sampling.end()));
    }
  },
  /** The same without Runge and Kutta's steps. */
  PLMS("plms") {
    @Override
    public Sampler create(ModelDescription model, SamplingConfig sampling) {
      return PndmSampler.plms(
          model.schedule().build(),
          sampling.visits(model.schedule()),
          lastAlphaBar(model, sampling));
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return PNDM.settings(sampling);
    }
  };

  private final String text;
  private final boolean choosesLevels;

  SamplerChoice(String text) {
    this(text, false);
  }

  SamplerChoice(String text, boolean choosesLevels) {
    this.text = text;
    this.choosesLevels = choosesLevels;
  }

  /**
   * The rule of a step for a model.
   *
   * @throws dev.ddpm.DdpmException (user) if the model's schedule has not the timesteps to visit
   */
  public abstract Sampler create(ModelDescription model, SamplingConfig sampling);

  /** Values of the keys of {@code sampling} that this sampler reads and others do not. */
  public abstract Map<String, String> settings(SamplingConfig sampling);

  /** The sampler with the settings that distinguish it, for a reader. */
  public String describe(SamplingConfig sampling) {
    return sampling.noiseLevels() == NoiseLevels.SCHEDULE
        ? toString()
        : this + ", " + Word.of(sampling.noiseLevels());
  }

  private static double lastAlphaBar(ModelDescription model, SamplingConfig sampling) {
    return sampling.end() == SolverEnd.CLEAN ? 1 : model.schedule().build().alphaBar(0);
  }

  /** Whether it takes noise levels other than those of timesteps at equal distances. */
  public boolean choosesLevels() {
    return choosesLevels;
  }

  /** Those that choose their noise levels, as a list for a message. */
  static String choosingLevels() {
    return Arrays.stream(values())
        .filter(SamplerChoice::choosesLevels)
        .map(SamplerChoice::toString)
        .collect(Collectors.joining(", "));
  }

  /** As written in a configuration. */
  @Override
  public String toString() {
    return text;
  }
}
