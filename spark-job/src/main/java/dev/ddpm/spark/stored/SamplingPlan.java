package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.sampling.AncestralSampler;
import dev.ddpm.sampling.DdimSampler;
import dev.ddpm.sampling.DpmSolverPlusPlus2M;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.Sampler;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.ThresholdingChoice;
import java.io.Serializable;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Everything but the weights that decides what image a sample index becomes.
 *
 * <p>Micro-batch b always holds the indices b·size to (b+1)·size − 1, whatever their number and
 * whoever computes them: the numerical kernels see the same shapes and an image comes out the same
 * to the bit.
 *
 * @param model the model; decides the schedule, the prediction and whether the last step adds noise
 * @param sampling sampler, steps, thresholding, micro-batch and seed
 */
public record SamplingPlan(ModelDescription model, SamplingConfig sampling)
    implements Serializable {

  /**
   * Checks the settings against the model.
   *
   * @throws DdpmException (user) if there are more steps than the model was trained with, or
   *     dynamic thresholding is asked for in a range that it is not made for
   */
  public SamplingPlan {
    int timesteps = model.schedule().steps();
    if (sampling.steps() > timesteps) {
      throw DdpmException.user(
          "sampling.steps = %d: must be at most %d, the timesteps of the model.",
          sampling.steps(), timesteps);
    }
    if (sampling.trajectory() > timesteps) {
      throw DdpmException.user(
          "sampling.trajectory = %d: must be at most %d, the timesteps of the model.",
          sampling.trajectory(), timesteps);
    }
    if (sampling.thresholding() == ThresholdingChoice.DYNAMIC
        && model.dataRange() != DataRange.MINUS_ONE_TO_ONE) {
      throw DdpmException.user(
          "sampling.thresholding = dynamic: is for models of the data range minus-one-to-one, and"
              + " this one has another; use clip or none.");
    }
  }

  /** Timesteps visited. */
  public int steps() {
    return sampling.steps() == 0 ? model.schedule().steps() : sampling.steps();
  }

  /** Images that are denoised together. */
  public int microBatch() {
    return sampling.microBatch();
  }

  /** Elements of an image. */
  public int imageSize() {
    return model.architecture().imageShape().size();
  }

  /**
   * An image of a batch, as levels of 0..255.
   *
   * @param values of the batch, (images, height, width, channels) in the model's data range
   * @param index of the image within it
   */
  public RawImage image(float[] values, int index) {
    ImageShape shape = model.architecture().imageShape();
    byte[] levels = new byte[shape.size()];
    model.dataRange().toBytes(values, index * levels.length, levels, 0, levels.length);
    return new RawImage(shape.height(), shape.width(), shape.channels(), levels);
  }

  /** A reverse process with buffers of its own. */
  public ReverseProcess process() {
    return new ReverseProcess(
        sampler(), model.prediction(), thresholding(), imageSize(), microBatch());
  }

  /** What is done to predicted clean images. */
  public Thresholding thresholding() {
    if (sampling.thresholding() == ThresholdingChoice.DYNAMIC) {
      return new Thresholding.Dynamic(
          sampling.thresholdingQuantile(), sampling.thresholdingBound());
    }
    return thresholdingChoice() == ThresholdingChoice.CLIP
        ? Thresholding.clip(model.dataRange())
        : Thresholding.NONE;
  }

  /** What is configured, or, where that is left to the model, what its preset says. */
  private ThresholdingChoice thresholdingChoice() {
    if (sampling.thresholding() != ThresholdingChoice.PRESET) {
      return sampling.thresholding();
    }
    return model.preset().clipX0() ? ThresholdingChoice.CLIP : ThresholdingChoice.NONE;
  }

  /** The rule of a step. */
  public Sampler sampler() {
    return switch (sampling.sampler()) {
      case DDPM ->
          new AncestralSampler(visited(), sampling.variance(), model.preset().noiseAtLastStep());
      case DDIM -> new DdimSampler(visited(), sampling.eta());
      case DPM_SOLVER_PLUS_PLUS -> DpmSolverPlusPlus2M.withSteps(model.schedule().build(), steps());
    };
  }

  /** The steps that DDPM and DDIM take. */
  public NoiseSchedule visited() {
    NoiseSchedule schedule = model.schedule().build();
    return steps() == schedule.steps()
        ? schedule
        : schedule.respaced(TimestepSpacing.LINSPACE.timesteps(schedule.steps(), steps()));
  }

  /** Name of the sampler, as a configuration has it. */
  public String samplerName() {
    return sampling.sampler().toString();
  }

  /**
   * The settings that decide what is in an output folder, by key: two jobs with the same write the
   * same images. Settings without effect on the sampler are left out.
   *
   * @param modelHash identity of description and weights
   */
  public Map<String, String> identity(String modelHash) {
    Map<String, String> identity = new TreeMap<>();
    identity.put("model_hash", modelHash);
    identity.put("sampling.seed", Long.toString(sampling.seed()));
    identity.put("sampling.sampler", samplerName());
    identity.put("sampling.steps", Integer.toString(steps()));
    if (sampling.sampler() == SamplerChoice.DDIM) {
      identity.put("sampling.eta", Double.toString(sampling.eta()));
    }
    if (sampling.sampler() == SamplerChoice.DDPM) {
      identity.put("sampling.variance", word(sampling.variance()));
    }
    identity.put("sampling.thresholding", word(thresholdingChoice()));
    if (sampling.thresholding() == ThresholdingChoice.DYNAMIC) {
      identity.put(
          "sampling.thresholding-quantile", Double.toString(sampling.thresholdingQuantile()));
      identity.put("sampling.thresholding-bound", Double.toString(sampling.thresholdingBound()));
    }
    identity.put("sampling.micro-batch", Integer.toString(microBatch()));
    identity.put("sampling.keep-x0", Boolean.toString(sampling.keepX0()));
    identity.put("sampling.trajectory", Integer.toString(sampling.trajectory()));
    return identity;
  }

  /** A choice as a configuration has it. */
  public static String word(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
