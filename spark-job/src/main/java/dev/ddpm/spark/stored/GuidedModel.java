package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.sampling.Guidance;
import dev.ddpm.sampling.GuidedDenoiser;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/**
 * A stored model from which images are drawn, under the guidance of a configuration: away from what
 * it says without classes, or from what another model says.
 */
public final class GuidedModel {
  private final StoredModel model;
  private final Optional<StoredModel> weaker;
  private final Guidance guidance;

  private GuidedModel(StoredModel model, Optional<StoredModel> weaker, Guidance guidance) {
    this.model = model;
    this.weaker = weaker;
    this.guidance = guidance;
  }

  /**
   * Reads a model, and the one that it is guided by if another is named.
   *
   * @param path a model folder, or a run folder with one in {@code model/}
   * @throws DdpmException (data) if there is no model, or it is damaged; (user) if it cannot be
   *     guided as asked for
   */
  public static GuidedModel read(
      String path, SamplingConfig sampling, Configuration configuration) {
    StoredModel model = StoredModel.read(path, sampling.weights(), configuration);
    requireGuide(model.description(), sampling);
    Optional<StoredModel> weaker = Optional.empty();
    if (sampling.isGuided() && !sampling.guidanceModel().isEmpty()) {
      weaker =
          Optional.of(
              StoredModel.read(sampling.guidanceModel(), sampling.weights(), configuration));
      requireAlike(sampling.guidanceModel(), model.description(), weaker.get().description());
    }
    return new GuidedModel(model, weaker, sampling.guided());
  }

  /**
   * Checks that there is what a model can be led away from.
   *
   * @throws DdpmException (user) if guidance is asked for, by no other model, and the model knows
   *     no images without a class
   */
  static void requireGuide(ModelDescription model, SamplingConfig sampling) {
    ClassLabels classes = model.classes();
    if (!sampling.isGuided()
        || !sampling.guidanceModel().isEmpty()
        || classes.noClass().isPresent()) {
      return;
    }
    throw DdpmException.user(
        "sampling.guidance = %s: the model knows %s, from which its images could be led away; set"
            + " sampling.guidance-model to another model, or sampling.guidance = 1.",
        sampling.guidance(),
        classes.exist()
            ? "%,d classes, but not how images without one look".formatted(classes.count())
            : "no classes, and so no other images");
  }

  private static void requireAlike(String path, ModelDescription model, ModelDescription weaker) {
    requireSame(
        path, "images of", weaker.architecture().imageShape(), model.architecture().imageShape());
    requireSame(path, "the noise schedule", weaker.schedule(), model.schedule());
    requireSame(path, "the prediction", weaker.prediction(), model.prediction());
    requireSame(path, "the data range", weaker.dataRange(), model.dataRange());
    if (weaker.classes().exist()) {
      requireSame(path, "the classes", weaker.classes().names(), model.classes().names());
    }
  }

  private static void requireSame(String path, String what, Object weaker, Object model) {
    if (!weaker.equals(model)) {
      throw DdpmException.user(
          "sampling.guidance-model = %s: has %s %s, but the model that it is to guide %s.",
          path, what, weaker, model);
    }
  }

  /** What the model is. */
  public ModelDescription description() {
    return model.description();
  }

  /** Identity of the model. */
  public String hash() {
    return model.hash();
  }

  /** As {@link StoredModel#table}. */
  public ImageTableReader table(SparkSession spark, String path) {
    return model.table(spark, path);
  }

  /** What decides the images of a plan, see {@link SamplingPlan#identity}. */
  public Map<String, String> identity(SamplingPlan plan) {
    Map<String, String> identity = new TreeMap<>(plan.identity(hash()));
    weaker.ifPresent(guide -> identity.put("guidance_model_hash", guide.hash()));
    return identity;
  }

  /**
   * The model with its weights and its guidance, as tasks build it.
   *
   * @param backend what it computes with
   * @param maximumBatch largest number of images at a time
   */
  public ExecutorPool.Factory<Denoiser> network(BackendChoice backend, int maximumBatch) {
    Pretrained network = model.network(backend);
    if (guidance.isNone()) {
      return network;
    }
    return weaker.isPresent()
        ? new GuidedByAnother(
            network,
            weaker.get().network(backend),
            weaker.get().description().classes().exist(),
            guidance,
            maximumBatch)
        : new GuidedByItself(
            network, description().classes().noClass().orElseThrow(), guidance, maximumBatch);
  }

  private record GuidedByItself(Pretrained model, int noClass, Guidance guidance, int maximumBatch)
      implements ExecutorPool.Factory<Denoiser> {
    @Override
    public Denoiser create() {
      return GuidedDenoiser.withoutClasses(
          model.create(),
          noClass,
          guidance,
          model.architecture().imageShape().size(),
          maximumBatch);
    }
  }

  private record GuidedByAnother(
      Pretrained model,
      Pretrained weaker,
      boolean weakerKnowsClasses,
      Guidance guidance,
      int maximumBatch)
      implements ExecutorPool.Factory<Denoiser> {
    @Override
    public Denoiser create() {
      Denoiser guide = weaker.create();
      try {
        return GuidedDenoiser.by(
            weakerKnowsClasses ? guide : guide.conditionedOn(null),
            model.create(),
            guidance,
            model.architecture().imageShape().size(),
            maximumBatch);
      } catch (RuntimeException | Error e) {
        guide.close();
        throw e;
      }
    }
  }

  /**
   * The needs of drawing, as {@link SamplingMemory} counts them.
   *
   * @param microBatch images that are drawn together
   * @param batchKey key or option that says how many
   * @throws DdpmException (user) if an array cannot hold as many as guidance computes together
   */
  public MemoryNeeds memory(int microBatch, String batchKey) {
    if (!guidance.isNone() && weaker.isEmpty()) {
      description()
          .architecture()
          .imageShape()
          .requireTogether(2 * microBatch, "With guidance 2 × " + batchKey);
    }
    return SamplingMemory.of(
        description().architecture(),
        weaker.map(guide -> guide.description().architecture()),
        guidance,
        microBatch,
        batchKey);
  }
}
