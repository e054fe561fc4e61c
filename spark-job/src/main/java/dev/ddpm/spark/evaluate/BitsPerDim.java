package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.evaluation.BoundEvaluator;
import dev.ddpm.evaluation.ImageBound;
import dev.ddpm.evaluation.Mean;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.cluster.Watched;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.stored.SamplingMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;

/**
 * The variational bound of the images of a table. Every image is evaluated by itself and with noise
 * keyed by its id, and results are put in the order of the ids.
 */
final class BitsPerDim implements Metric {
  private static final int TASKS_PER_SLOT = 4;

  /** Timesteps per image unless told otherwise: enough for three digits, see EVALUATION.md. */
  private static final int TIMESTEPS = 50;

  @Override
  public void check(EvaluateJob.Request request, Optional<ModelDescription> told) {
    if (told.isEmpty()) {
      throw DdpmException.user("--metrics = bits-per-dim: is of a model; --model is needed.");
    }
    ModelDescription model = told.get();
    if (model.dataRange() != DataRange.MINUS_ONE_TO_ONE) {
      throw DdpmException.user(
          "--model = %s: has the data range %s; bits per dimension are defined only for"
              + " minus-one-to-one, the range of the preset paper.",
          request.model().orElseThrow(), Word.of(model.dataRange()));
    }
    model
        .architecture()
        .imageShape()
        .requireTogether(request.sampling().microBatch(), "sampling.micro-batch");
    EvaluateJob.requireBetween(
        "--timesteps",
        timesteps(request, model),
        transitions(model),
        "one less than the model has");
  }

  private static int transitions(ModelDescription model) {
    return model.schedule().steps() - 1;
  }

  private static int timesteps(EvaluateJob.Request request, ModelDescription model) {
    return request.timesteps().orElse(Math.min(TIMESTEPS, transitions(model)));
  }

  @Override
  public MemoryNeeds needs(Evaluation evaluation) {
    return SamplingMemory.of(
        evaluation.model().description().architecture(),
        evaluation.request().sampling().microBatch(),
        "sampling.micro-batch");
  }

  @Override
  public Measured compute(ClusterJob job, Evaluation evaluation) {
    ModelDescription model = evaluation.model().description();
    SamplingConfig sampling = evaluation.request().sampling();
    int timesteps = timesteps(evaluation.request(), model);
    ToldClasses classes =
        ToldClasses.of(
            model.classes(),
            evaluation.request().unconditional(),
            evaluation.reader(),
            evaluation.request().table());
    List<ImageBound> bounds = bounds(job, evaluation, timesteps, classes);
    Mean bitsPerDim = mean(bounds, ImageBound::bitsPerDim);
    double decoder = mean(bounds, ImageBound::decoder).value();
    double transitions = mean(bounds, ImageBound::transitions).value();
    double prior = mean(bounds, ImageBound::prior).value();
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("timesteps_per_image", timesteps);
    summary.put("timesteps", model.schedule().steps());
    summary.put("variance", Word.of(sampling.variance()));
    summary.put("seed", sampling.seed());
    if (model.classes().exist()) {
      summary.put("classes", classes.labels() ? "labels" : "none");
    }
    summary.put("bits_per_dim", bitsPerDim.value());
    summary.put("standard_error", bitsPerDim.standardError());
    summary.put("decoder", decoder);
    summary.put("transitions", transitions);
    summary.put("prior", prior);
    String line =
        String.format(
            Locale.ROOT,
            "%.4f bits/dim%s (standard error %.4f, %,d images): decoder %.4f + transitions %.4f"
                + " + prior %.6f",
            bitsPerDim.value(),
            !model.classes().exist()
                ? ""
                : classes.labels() ? " given the labels" : " of images of no class",
            bitsPerDim.standardError(),
            bounds.size(),
            decoder,
            transitions,
            prior);
    return new Measured(line, summary, schema(), rows(bounds));
  }

  private static List<ImageBound> bounds(
      ClusterJob job, Evaluation evaluation, int timesteps, ToldClasses classes) {
    long images = evaluation.images();
    var setup =
        new EvaluatorSetup(
            evaluation.model().description(),
            evaluation.request().sampling(),
            timesteps,
            evaluation.model().network(evaluation.request().backend()));
    Broadcast<ExecutorPool<BoundEvaluator>> evaluators = job.pool(setup);
    Watched watched = job.watch("evaluating", images, timesteps + 1, evaluation.out());
    job.describe("evaluate", "Evaluating %,d images".formatted(images));
    JavaRDD<ImageBound> bounds =
        evaluation
            .reader()
            .rows(id -> id < images)
            .repartition((int) Math.min(images, (long) TASKS_PER_SLOT * job.slots()))
            .mapPartitions(new EvaluationTask(evaluators, classes, watched.imageSteps()));
    List<ImageBound> sorted = new ArrayList<>(bounds.collect());
    sorted.sort(Comparator.comparingLong(ImageBound::id));
    requireAll(sorted, images);
    return sorted;
  }

  /** A mean over other images than was said would be worse than none. */
  private static void requireAll(List<ImageBound> sorted, long images) {
    boolean all =
        sorted.size() == images
            && IntStream.range(0, sorted.size()).allMatch(i -> sorted.get(i).id() == i);
    if (!all) {
      throw new IllegalStateException(
          "%d results came back, which are not those of the images 0 to %d."
              .formatted(sorted.size(), images - 1));
    }
  }

  /** The mean over images; added in their order, so that it is the same to the bit. */
  private static Mean mean(List<ImageBound> bounds, ToDoubleFunction<ImageBound> part) {
    return Mean.of(bounds.stream().mapToDouble(part).toArray());
  }

  private static List<List<Object>> rows(List<ImageBound> bounds) {
    List<List<Object>> rows = new ArrayList<>();
    for (ImageBound bound : bounds) {
      rows.add(
          List.of(
              bound.id(), bound.bitsPerDim(), bound.decoder(), bound.transitions(), bound.prior()));
    }
    return rows;
  }

  /** Id of the image, and its bound and the three parts of it in bits per dimension. */
  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("id")
        .required(PrimitiveTypeName.DOUBLE)
        .named("bits_per_dim")
        .required(PrimitiveTypeName.DOUBLE)
        .named("decoder")
        .required(PrimitiveTypeName.DOUBLE)
        .named("transitions")
        .required(PrimitiveTypeName.DOUBLE)
        .named("prior")
        .named("bits_per_dim");
  }
}
