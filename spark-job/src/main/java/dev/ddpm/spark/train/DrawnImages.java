package dev.ddpm.spark.train;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.image.ImageShape;
import dev.ddpm.sampling.Guidance;
import dev.ddpm.sampling.GuidedDenoiser;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.SamplingPlan;
import dev.ddpm.training.Replica;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Images that a model draws while it is trained: always from the same noise, so that those of two
 * rounds can be compared. By DDIM, whatever sampler is configured: they are to show progress, not
 * to cost it. Of a model with classes the images are of one class after the other, and over again.
 */
final class DrawnImages {
  /** As many as are computed together in the memory of a training step, whatever its batch size. */
  private static final int COMPUTED = 4;

  private final JavaSparkContext spark;
  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final SamplingPlan plan;
  private final int images;
  private final int slots;

  /** What is made of the images of a micro-batch, given as unsigned bytes of a row-major image. */
  @FunctionalInterface
  interface Use<T> extends AutoCloseable {
    T of(List<byte[]> images);

    @Override
    default void close() {}
  }

  /** Opens a use for all micro-batches of a task. */
  @FunctionalInterface
  interface Uses<T> extends Serializable {
    Use<T> open();
  }

  /**
   * Draws nothing yet.
   *
   * @param sampling seed, thresholding, and guidance unless it is by another model
   * @param steps steps of DDIM; all of the model's timesteps if those are fewer
   * @param images how many, at least 1
   * @param slots tasks to use at most
   */
  DrawnImages(
      JavaSparkContext spark,
      Broadcast<ExecutorPool<Replica>> replicas,
      ModelDescription description,
      SamplingConfig sampling,
      int steps,
      int images,
      int slots) {
    this.spark = spark;
    this.replicas = replicas;
    int taken = Math.min(steps, description.schedule().steps());
    this.plan =
        new SamplingPlan(
            description,
            sampling.with(SamplerChoice.DDIM, taken, together(guidance(sampling))),
            BackendChoice.DEFAULT);
    this.images = images;
    this.slots = slots;
  }

  private static Guidance guidance(SamplingConfig sampling) {
    return sampling.guidanceModel().isEmpty() ? sampling.guided() : Guidance.NONE;
  }

  /** Under guidance each image is computed twice, or once and twice by turns. */
  private static int together(Guidance guidance) {
    return guidance.isNone() ? COMPUTED : guidance.isEverywhere() ? COMPUTED / 2 : COMPUTED / 4;
  }

  /** Classes that they are of; 0 of a model that knows none. */
  int classes() {
    return plan.model().classes().count();
  }

  /** The shape of the images. */
  ImageShape shape() {
    return plan.model().architecture().imageShape();
  }

  /** Draws with given weights; the results are in the order of the images. */
  <T> List<T> of(WireFloats weights, Uses<T> uses) {
    Broadcast<WireFloats> sent = spark.broadcast(weights);
    Broadcast<ExecutorPool<Replica>> pool = replicas;
    SamplingPlan how = plan;
    int wanted = images;
    int batches = (images + plan.microBatch() - 1) / plan.microBatch();
    try {
      return spark
          .parallelize(IntStream.range(0, batches).boxed().toList(), Math.min(batches, slots))
          .mapPartitions(numbers -> draw(how, wanted, pool.value(), sent.value(), numbers, uses))
          .collect()
          .stream()
          .sorted(Comparator.comparingInt(Tuple2::_1))
          .map(Tuple2::_2)
          .toList();
    } finally {
      sent.destroy();
    }
  }

  private static <T> Iterator<Tuple2<Integer, T>> draw(
      SamplingPlan plan,
      int images,
      ExecutorPool<Replica> replicas,
      WireFloats weights,
      Iterator<Integer> batches,
      Uses<T> uses) {
    int together = plan.microBatch();
    float[] x = new float[together * plan.imageSize()];
    int[] classes = new int[together];
    int known = plan.model().classes().count();
    return replicas
        .use(
            replica -> {
              replica.network().setParameters(weights.values());
              Denoiser model = guided(plan, replica.network());
              List<Tuple2<Integer, T>> drawn = new ArrayList<>();
              try (Use<T> use = uses.open()) {
                while (batches.hasNext()) {
                  int batch = batches.next();
                  for (int i = 0; i < together && known > 0; i++) {
                    classes[i] = (batch * together + i) % known;
                  }
                  plan.process()
                      .sample(
                          known == 0 ? model : model.conditionedOn(classes),
                          plan.sampling().seed(),
                          (long) batch * together,
                          together,
                          x,
                          StepListener.NONE);
                  int count = Math.min(together, images - batch * together);
                  List<byte[]> pixels =
                      IntStream.range(0, count).mapToObj(i -> plan.image(x, i).pixels()).toList();
                  drawn.add(new Tuple2<>(batch, use.of(pixels)));
                }
              }
              return drawn;
            })
        .iterator();
  }

  private static Denoiser guided(SamplingPlan plan, Denoiser network) {
    Guidance guidance = guidance(plan.sampling());
    return guidance.isNone()
        ? network
        : GuidedDenoiser.withoutClasses(
            network,
            plan.model().classes().noClass().orElseThrow(),
            guidance,
            plan.imageSize(),
            plan.microBatch());
  }
}
