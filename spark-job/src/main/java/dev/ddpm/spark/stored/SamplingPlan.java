package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.Sampler;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.ThresholdingChoice;
import dev.ddpm.spark.config.Word;
import java.io.Serializable;
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
 * @param backend what the network computes with
 * @param classes which class each image has, of those that the model knows
 */
public record SamplingPlan(
    ModelDescription model, SamplingConfig sampling, BackendChoice backend, DrawnClasses classes)
    implements Serializable {

  /**
   * Checks the settings against the model.
   *
   * @throws DdpmException (user) if there are more steps than the model was trained with, or than
   *     there are for an offset or a trajectory, dynamic thresholding is asked for in a range that
   *     it is not made for, a micro-batch is too large for an array, or there is nothing that
   *     guidance could lead away from, or no timestep at which it could
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
    requireVisits(model, sampling);
    sampling.thresholding().require(model);
    model
        .architecture()
        .imageShape()
        .requireTogether(sampling.microBatch(), "sampling.micro-batch");
    GuidedModel.requireGuide(model, sampling);
    if (sampling.isGuided() && sampling.guided().from() >= timesteps) {
      throw DdpmException.user(
          "sampling.guidance-interval = %s: lies above the last timestep of the model, %d, so that"
              + " nothing would be guided.",
          sampling.guidanceInterval(), timesteps - 1);
    }
  }

  /** A plan of images of all classes in equal shares, or of none if the model knows none. */
  public SamplingPlan(ModelDescription model, SamplingConfig sampling, BackendChoice backend) {
    this(model, sampling, backend, DrawnClasses.uniform(model.classes()));
  }

  private static void requireVisits(ModelDescription model, SamplingConfig sampling) {
    Sampler sampler;
    try {
      sampler = sampling.sampler().create(model, sampling);
    } catch (DdpmException impossible) {
      throw DdpmException.user(
          "sampling.sampler = %s: %s", sampling.sampler(), impossible.getMessage());
    }
    if (sampling.trajectory() > sampler.steps()) {
      throw DdpmException.user(
          "sampling.trajectory = %d: must be at most %d, the steps that are left where timesteps"
              + " that fall together are taken once.",
          sampling.trajectory(), sampler.steps());
    }
  }

  /** Timesteps visited, as asked for. */
  public int steps() {
    return sampling.stepsOf(model.schedule());
  }

  /**
   * Steps taken: fewer than {@link #steps()} where the sampler visits timesteps that fall together
   * once, or is not asked where it ends.
   */
  public int stepsTaken() {
    return sampler().steps();
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
    return sampling.thresholding().create(model, sampling);
  }

  /** The rule of a step. */
  public Sampler sampler() {
    return sampling.sampler().create(model, sampling);
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
    identity.put("sampling.spacing", Word.of(sampling.spacing()));
    if (sampling.spacing() == TimestepSpacing.LEADING) {
      identity.put("sampling.steps-offset", Integer.toString(sampling.stepsOffset()));
    }
    sampling
        .sampler()
        .settings(sampling)
        .forEach((key, value) -> identity.put("sampling." + key, value));
    ThresholdingChoice thresholding = sampling.thresholding().resolved(model);
    identity.put("sampling.thresholding", Word.of(thresholding));
    thresholding.settings(sampling).forEach((key, value) -> identity.put("sampling." + key, value));
    identity.put("sampling.micro-batch", Integer.toString(microBatch()));
    identity.put("sampling.keep-x0", Boolean.toString(sampling.keepX0()));
    identity.put("sampling.trajectory", Integer.toString(sampling.trajectory()));
    identity.putAll(classes.settings());
    if (classes.exist() || sampling.isGuided()) {
      identity.put("sampling.guidance", Double.toString(sampling.guidance()));
    }
    if (sampling.isGuided()) {
      identity.put("sampling.guidance-interval", sampling.guidanceInterval().toString());
    }
    if (backend.precision() != Precision.FLOAT32) {
      identity.put("backend.precision", Word.of(backend.precision()));
    }
    return identity;
  }
}
