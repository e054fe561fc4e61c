package dev.ddpm.spark.interpolate;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.stored.GuidedModel;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * Computes the images between pairs of images of a table, one task per pair, and writes them as an
 * {@link InterpolationTable} and a sheet with a row per pair, the sources at its ends.
 */
public final class InterpolateJob {
  private final SparkSession spark;
  private final Configuration configuration;

  /** A job of an application. */
  public InterpolateJob(SparkSession spark) {
    this.spark = spark;
    this.configuration = spark.sparkContext().hadoopConfiguration();
  }

  /**
   * Two images.
   *
   * @param first id of the image at λ = 0
   * @param other id of the image at λ = 1
   */
  public record Pair(long first, long other) implements Serializable {}

  /**
   * What is to be computed.
   *
   * @param model path of a model folder
   * @param table path of an image table, of images as the model makes them
   * @param output path of the output folder, new or empty
   * @param pairs at least one
   * @param method how images are taken to noise
   * @param timestep to which they are taken: the higher, the freer the results
   * @param lambdas images per pair
   * @param sampling how they are taken back
   * @param backend what the network computes with
   * @param imageClass name or number of the class that all images are of; each of that of its label
   *     if absent
   */
  public record Request(
      String model,
      String table,
      String output,
      List<Pair> pairs,
      InterpolationMethod method,
      int timestep,
      int lambdas,
      SamplingConfig sampling,
      BackendChoice backend,
      Optional<String> imageClass) {
    /**
     * Checks the pairs.
     *
     * @throws DdpmException (user) if there is none
     */
    public Request {
      pairs = List.copyOf(pairs);
      if (pairs.isEmpty()) {
        throw DdpmException.user("--pairs: at least one pair is needed, such as 3:17.");
      }
    }
  }

  /**
   * What was computed.
   *
   * @param table path of the table
   * @param sheet path of the picture
   * @param endError root of the mean squared difference of the images at λ = 0 and 1 from the
   *     sources, in levels of 0..255: the error of a round trip
   */
  public record Result(String table, String sheet, double endError) {}

  /**
   * Computes the images.
   *
   * @throws DdpmException for a model, table, id or output folder that cannot be used, before
   *     anything is computed; (user) if another job has written into the folder by the end
   */
  public Result run(Request request) {
    GuidedModel model = GuidedModel.read(request.model(), request.sampling(), configuration);
    var plan =
        new InterpolationPlan(
            new SamplingPlan(model.description(), request.sampling(), request.backend()),
            request.method(),
            request.timestep(),
            request.lambdas());
    NamedFolder output = NamedFolder.of("--output", request.output(), configuration).requireEmpty();
    var table = new InterpolationSources(model.table(spark, request.table()), request.table());
    Map<Long, InterpolationSources.Source> sources = table.read(request.pairs());
    Map<Long, Integer> classes =
        table.classes(sources, model.description().classes(), request.imageClass());
    Map<Long, RawImage> images = new HashMap<>();
    sources.forEach((id, source) -> images.put(id, source.image()));
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    try (ClusterJob job = ClusterJob.start(context, request.backend())) {
      job.require(model.memory(request.lambdas(), "--lambdas"));
      var results = new InterpolationOutput(plan, request.pairs(), images, classes, model.hash());
      results.requireSheet();
      Broadcast<ExecutorPool<Denoiser>> models =
          job.pool(model.network(request.backend(), request.lambdas()));
      job.describe("interpolate", "Interpolating %d pairs".formatted(request.pairs().size()));
      List<InterpolationTask.Work> work = new ArrayList<>();
      for (int i = 0; i < request.pairs().size(); i++) {
        Pair pair = request.pairs().get(i);
        work.add(
            new InterpolationTask.Work(
                i,
                images.get(pair.first()).pixels(),
                images.get(pair.other()).pixels(),
                classes.isEmpty()
                    ? null
                    : new int[] {classes.get(pair.first()), classes.get(pair.other())}));
      }
      List<List<byte[]>> levels =
          context.parallelize(work, work.size()).map(new InterpolationTask(plan, models)).collect();
      return results.write(output, levels);
    }
  }
}
