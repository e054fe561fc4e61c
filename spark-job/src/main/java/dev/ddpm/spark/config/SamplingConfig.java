package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.diffusion.Visits;
import dev.ddpm.sampling.Guidance;
import dev.ddpm.sampling.SolverEnd;
import java.io.Serializable;
import java.util.List;

/**
 * The generation of images. The noise process is no part of it: the model brings its own, and what
 * depends on that is checked against the model.
 */
public record SamplingConfig(
    @Key(value = "ddpm", doc = "Reverse process.") SamplerChoice sampler,
    @Key(
            value = "0",
            in = "[0, 100000]",
            doc = "Timesteps visited, at most those of the model; 0 = all of them.")
        int steps,
    @Key(
            value = "linspace",
            since = "0.2.0",
            absent = "linspace",
            doc =
                "How they are placed, as the diffusers library counts: from 0 to the last"
                    + " (linspace), multiples from 0 on (leading), or multiples down from the last"
                    + " (trailing).")
        TimestepSpacing spacing,
    @Key(
            value = "0",
            in = "[0, 100000]",
            since = "0.2.0",
            absent = "0",
            doc = "What is added to every timestep; only of the spacing leading.")
        int stepsOffset,
    @Key(
            value = "schedule",
            since = "0.2.0",
            absent = "schedule",
            doc =
                "Noise levels of dpm-solver++, unipc, euler and heun: those of the timesteps so"
                    + " placed (schedule), or Karras et al.'s, closer together the less noise there"
                    + " is (karras).")
        NoiseLevels noiseLevels,
    @Key(
            value = "clean",
            since = "0.2.0",
            absent = "clean",
            doc =
                "Where ddim, dpm-solver++, unipc, pndm and plms end: at the clean image (clean), or"
                    + " with the noise of timestep 0 (first-level), as older diffusers.")
        SolverEnd end,
    @Key(
            value = "0.0",
            in = "[0, 1]",
            doc = "Share of DDPM's noise that DDIM adds: 0 = deterministic, 1 = ancestral.")
        double eta,
    @Key(
            value = "consistent",
            since = "0.2.0",
            absent = "consistent",
            doc =
                "Noise that DDIM sees where the predicted x̂0 is thresholded: what is then left of"
                    + " the image (consistent), or what the network says all the same (predicted),"
                    + " as diffusers takes it.")
        DdimNoise ddimNoise,
    @Key(
            value = "fixed-large",
            doc = "Variance of DDPM's noise: β (fixed-large) or the posterior's (fixed-small).")
        Variance variance,
    @Key(
            value = "preset",
            doc =
                "What is done to the predicted x̂0 at every step: nothing, clipping to the data"
                    + " range, or dynamic thresholding; preset = clip for a model of the preset"
                    + " paper, none for one of labml.")
        ThresholdingChoice thresholding,
    @Key(
            value = "1.0",
            in = "(0, 1000000]",
            since = "0.2.0",
            absent = "1.0",
            doc = "What clip leaves, as a multiple of the data range about its middle.")
        double clipRange,
    @Key(
            value = "0.995",
            in = "(0, 1]",
            doc = "Quantile of an image's absolute values; dynamic thresholding only.")
        double thresholdingQuantile,
    @Key(
            value = "2.0",
            in = "[1, 1000000]",
            doc = "Largest value that is scaled rather than cut off; dynamic thresholding only.")
        double thresholdingBound,
    @Key(
            value = "uniform",
            since = "0.2.0",
            absent = "uniform",
            doc =
                "Classes of the images, of a model that knows any: all in equal shares (uniform),"
                    + " so many of each (all=100), some by their names or numbers"
                    + " (\"trouser=500,bag=500\"), or in the shares of an image table (\"from-table"
                    + " TABLE\"). Only the ratios of the numbers decide.")
        String classes,
    @Key(
            value = "1.0",
            in = "[0, 1000]",
            since = "0.2.0",
            absent = "1.0",
            doc =
                "How far images are led towards their class, away from what the model says without"
                    + " one: 1 = not at all, 0 = as if they had none; above 1 they become more"
                    + " typical and less varied, and take twice the time.")
        double guidance,
    @Key(
            value = "[]",
            in = "[0, 100000]",
            since = "0.2.0",
            absent = "[]",
            doc = "First and last timestep at which images are guided; [] = all of them.")
        List<Integer> guidanceInterval,
    @Key(
            value = "\"\"",
            since = "0.2.0",
            absent = "\"\"",
            doc =
                "Model or run folder that images are led away from, in place of the same model"
                    + " without classes: a smaller one, or one that was trained less.")
        String guidanceModel,
    @Key(
            value = "16",
            in = "[1, 1000000]",
            doc =
                "Images that a task denoises together: more are faster and need more memory. The"
                    + " last bits of an image depend on it.")
        int microBatch,
    @Key(
            value = "0",
            in = "[0, 1000000000]",
            doc =
                "Images per output file, a multiple of micro-batch; 0 = four files per task slot,"
                    + " but none larger than about 128 MiB.")
        long shardSize,
    @Key(value = "ema", doc = "Which weights: the moving average or the last ones.")
        WeightChoice weights,
    @Key(value = "false", doc = "Whether the table has the images as floats too, in column x0.")
        boolean keepX0,
    @Key(
            value = "0",
            in = "[0, 100000]",
            doc = "Steps whose predicted x̂0 is kept, at equal distances; 0 = no trajectories.")
        int trajectory,
    @Key(
            value = "0",
            in = "[-9223372036854775808, 9223372036854775807]",
            doc = "Seed of the noise of all images.")
        long seed)
    implements Serializable {

  /**
   * Checks the keys against each other.
   *
   * @throws DdpmException (user) naming the keys, their values and what is allowed
   */
  public SamplingConfig {
    guidanceInterval = List.copyOf(guidanceInterval);
    if (!guidanceInterval.isEmpty()
        && (guidanceInterval.size() != 2 || guidanceInterval.get(0) > guidanceInterval.get(1))) {
      throw DdpmException.user(
          "sampling.guidance-interval = %s: must be a first and a last timestep, such as [100,"
              + " 700], or [] for all.",
          guidanceInterval);
    }
    if (shardSize % microBatch != 0) {
      throw DdpmException.user(
          "sampling.shard-size = %d: must be a multiple of sampling.micro-batch = %d, or 0.",
          shardSize, microBatch);
    }
    if (steps > 0 && trajectory > steps) {
      throw DdpmException.user(
          "sampling.trajectory = %d: must be at most sampling.steps = %d.", trajectory, steps);
    }
    if (stepsOffset != 0 && spacing != TimestepSpacing.LEADING) {
      throw DdpmException.user(
          "sampling.steps-offset = %d: is for sampling.spacing = leading, and not for %s; set"
              + " steps-offset = 0.",
          stepsOffset, Word.of(spacing));
    }
    if (noiseLevels != NoiseLevels.SCHEDULE && !sampler.choosesLevels()) {
      throw DdpmException.user(
          "sampling.noise-levels = %s: is not for sampling.sampler = %s; take one of %s, or"
              + " noise-levels = schedule.",
          Word.of(noiseLevels), sampler, SamplerChoice.choosingLevels());
    }
  }

  /** Whether images are led away from what another model says. */
  public boolean isGuided() {
    return !guided().isNone();
  }

  /** How far. */
  public Guidance guided() {
    return guidanceInterval.isEmpty()
        ? Guidance.of(guidance)
        : new Guidance(guidance, guidanceInterval.get(0), guidanceInterval.get(1));
  }

  /** Timesteps visited of a model with this schedule. */
  public int stepsOf(ScheduleSpec schedule) {
    return steps == 0 ? schedule.steps() : steps;
  }

  /** Which noise levels of a model with this schedule are visited. */
  public Visits visits(ScheduleSpec schedule) {
    return new Visits(stepsOf(schedule), spacing, stepsOffset, noiseLevels);
  }

  /**
   * The same images but for another sampler and micro-batch, and nothing kept besides them. A
   * sampler that cannot choose its noise levels has those of its timesteps, and all timesteps have
   * no offset.
   *
   * @param otherSteps how many timesteps, 0 for all
   */
  public SamplingConfig with(SamplerChoice otherSampler, int otherSteps, int otherMicroBatch) {
    return with(otherSampler, eta, otherSteps, otherMicroBatch);
  }

  /**
   * The same, also with another share of noise.
   *
   * @param otherEta that DDIM adds, from 0 to 1
   */
  public SamplingConfig with(
      SamplerChoice otherSampler, double otherEta, int otherSteps, int otherMicroBatch) {
    return new SamplingConfig(
        otherSampler,
        otherSteps,
        spacing,
        otherSteps == 0 ? 0 : stepsOffset,
        otherSampler.choosesLevels() ? noiseLevels : NoiseLevels.SCHEDULE,
        end,
        otherEta,
        ddimNoise,
        variance,
        thresholding,
        clipRange,
        thresholdingQuantile,
        thresholdingBound,
        classes,
        guidance,
        guidanceInterval,
        guidanceModel,
        otherMicroBatch,
        0,
        weights,
        false,
        0,
        seed);
  }
}
