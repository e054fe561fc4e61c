package dev.ddpm.spark.train;

import dev.ddpm.backend.Precision;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.SamplingPlan;
import dev.ddpm.training.Replica;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * A contact sheet of what the model draws by now: always from the same noise, so that the sheets of
 * a run can be laid side by side. DDIM with 50 steps, whatever sampler is configured: a sheet is to
 * show progress, not to cost it.
 */
final class ProgressSheet {
  private static final int IMAGES = 16;
  private static final int MICRO_BATCH = 4;
  private static final int STEPS = 50;

  private final JavaSparkContext spark;
  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final SamplingPlan plan;

  /**
   * A sheet of a model.
   *
   * @param sampling seed and thresholding; the sampler is another
   */
  ProgressSheet(
      JavaSparkContext spark,
      Broadcast<ExecutorPool<Replica>> replicas,
      ModelDescription description,
      SamplingConfig sampling) {
    this.spark = spark;
    this.replicas = replicas;
    int steps = Math.min(STEPS, description.schedule().steps());
    this.plan =
        new SamplingPlan(
            description, sampling.with(SamplerChoice.DDIM, steps, MICRO_BATCH), Precision.FLOAT32);
  }

  /** The sheet of given weights, as a PNG file. */
  byte[] of(WireFloats weights) {
    Broadcast<WireFloats> sent = spark.broadcast(weights);
    Broadcast<ExecutorPool<Replica>> pool = replicas;
    SamplingPlan how = plan;
    try {
      int batches = IMAGES / MICRO_BATCH;
      List<Tuple2<Integer, List<byte[]>>> drawn =
          spark
              .parallelize(IntStream.range(0, batches).boxed().toList(), batches)
              .map(batch -> new Tuple2<>(batch, draw(how, pool.value(), sent.value(), batch)))
              .collect();
      ImageShape shape = plan.model().architecture().imageShape();
      List<RawImage> images =
          drawn.stream()
              .sorted(Comparator.comparingInt(Tuple2::_1))
              .flatMap(batch -> batch._2().stream())
              .map(pixels -> new RawImage(shape.height(), shape.width(), shape.channels(), pixels))
              .toList();
      return ImageCodec.encodePng(ContactSheet.of(IMAGES, shape.height()).compose(images));
    } finally {
      sent.destroy();
    }
  }

  /** The uint8 values of each image of a micro-batch. */
  private static List<byte[]> draw(
      SamplingPlan plan, ExecutorPool<Replica> replicas, WireFloats weights, int batch) {
    float[] x = new float[MICRO_BATCH * plan.imageSize()];
    replicas.use(
        replica -> {
          replica.network().setParameters(weights.values());
          plan.process()
              .sample(
                  replica.network(),
                  plan.sampling().seed(),
                  (long) batch * MICRO_BATCH,
                  MICRO_BATCH,
                  x,
                  StepListener.NONE);
          return x;
        });
    return IntStream.range(0, MICRO_BATCH).mapToObj(i -> plan.image(x, i).pixels()).toList();
  }
}
