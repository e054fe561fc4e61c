package dev.ddpm.spark.train;

import dev.ddpm.backend.Precision;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.image.ImageShape;
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
  /** As many as are drawn together in the memory of a training step, whatever its batch size. */
  private static final int MICRO_BATCH = 4;

  private final JavaSparkContext spark;
  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final SamplingPlan plan;
  private final int images;
  private final int slots;

  /** What is made of the images of a micro-batch, given as unsigned bytes of a row-major image. */
  @FunctionalInterface
  interface Use<T> extends Serializable {
    T of(List<byte[]> images);
  }

  /**
   * Draws nothing yet.
   *
   * @param sampling seed and thresholding
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
            description, sampling.with(SamplerChoice.DDIM, taken, MICRO_BATCH), Precision.FLOAT32);
    this.images = images;
    this.slots = slots;
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
  <T> List<T> of(WireFloats weights, Use<T> use) {
    Broadcast<WireFloats> sent = spark.broadcast(weights);
    Broadcast<ExecutorPool<Replica>> pool = replicas;
    SamplingPlan how = plan;
    int wanted = images;
    int batches = (images + MICRO_BATCH - 1) / MICRO_BATCH;
    try {
      return spark
          .parallelize(IntStream.range(0, batches).boxed().toList(), Math.min(batches, slots))
          .mapPartitions(numbers -> draw(how, wanted, pool.value(), sent.value(), numbers, use))
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
      Use<T> use) {
    float[] x = new float[MICRO_BATCH * plan.imageSize()];
    int[] classes = new int[MICRO_BATCH];
    int known = plan.model().classes().count();
    return replicas
        .use(
            replica -> {
              replica.network().setParameters(weights.values());
              List<Tuple2<Integer, T>> drawn = new ArrayList<>();
              while (batches.hasNext()) {
                int batch = batches.next();
                for (int i = 0; i < MICRO_BATCH && known > 0; i++) {
                  classes[i] = (batch * MICRO_BATCH + i) % known;
                }
                plan.process()
                    .sample(
                        known == 0 ? replica.network() : replica.network().conditionedOn(classes),
                        plan.sampling().seed(),
                        (long) batch * MICRO_BATCH,
                        MICRO_BATCH,
                        x,
                        StepListener.NONE);
                int count = Math.min(MICRO_BATCH, images - batch * MICRO_BATCH);
                List<byte[]> pixels =
                    IntStream.range(0, count).mapToObj(i -> plan.image(x, i).pixels()).toList();
                drawn.add(new Tuple2<>(batch, use.of(pixels)));
              }
              return drawn;
            })
        .iterator();
  }
}
