package dev.ddpm.spark.sample;

import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.ProgramVersion;
import dev.ddpm.spark.cluster.Watched;
import dev.ddpm.spark.stored.GuidedModel;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a sampling job that the cluster does: files of images, one {@link ShardTask} each,
 * watched and written down in the manifest as a session, also where it fails.
 */
final class Drawing {
  private static final Logger LOG = LoggerFactory.getLogger(Drawing.class);

  private final ClusterJob job;
  private final GuidedModel model;
  private final SamplingPlan plan;
  private final SampleFolder folder;
  private final PrintWriter out;

  /**
   * Draws nothing yet.
   *
   * @param job the cluster
   * @param out receives lines of progress
   */
  Drawing(
      ClusterJob job, GuidedModel model, SamplingPlan plan, SampleFolder folder, PrintWriter out) {
    this.job = job;
    this.model = model;
    this.plan = plan;
    this.folder = folder;
    this.out = out;
  }

  /**
   * Draws files.
   *
   * @param missing those that are not there yet
   * @return what became of it, as the manifest has it now
   */
  Manifest.Session run(List<IndexRange> missing) {
    Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    long start = System.nanoTime();
    var setup = new GeneratorSetup(plan, model.network(plan.backend(), plan.microBatch()));
    job.require(model.memory(plan.microBatch(), "sampling.micro-batch"));
    warnOfOtherBackend();
    long images = missing.stream().mapToLong(IndexRange::count).sum();
    Watched watched = job.watch("sampling", images, plan.stepsTaken(), out);
    JavaSparkContext spark = job.spark();
    Manifest.Session session;
    List<Shard> made = List.of();
    String error = "";
    try {
      job.describe("sample", "Sampling %,d images".formatted(images));
      var task =
          new ShardTask(
              job.pool(setup),
              job.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
              plan,
              model.hash(),
              folder.path().toString(),
              folder.content(),
              spark.sc().applicationId(),
              watched.imageSteps());
      made = spark.parallelize(missing, missing.size()).map(task).collect();
    } catch (RuntimeException failed) {
      error = firstLine(failed);
      throw failed;
    } finally {
      double seconds = (System.nanoTime() - start) / 1e9;
      Set<IndexRange> wanted = Set.copyOf(missing);
      List<Shard> drawn =
          folder.add(made).stream().filter(shard -> wanted.contains(shard.range())).toList();
      long count = drawn.stream().mapToLong(Shard::count).sum();
      double samplerSeconds = drawn.stream().mapToDouble(Shard::samplerSeconds).sum();
      session =
          new Manifest.Session(
              started.toString(),
              spark.sc().applicationId(),
              count,
              seconds,
              count / seconds,
              job.slots(),
              samplerSeconds / (job.slots() * seconds),
              watched.progress().failedTasks(),
              error,
              versions());
      folder.finish(session);
    }
    return session;
  }

  private static String firstLine(Throwable failed) {
    return String.valueOf(failed.getMessage()).lines().findFirst().orElse(failed.toString());
  }

  private Map<String, String> versions() {
    Map<String, String> versions = new TreeMap<>();
    versions.put("ddpm", ProgramVersion.ofJar());
    versions.put("java", Runtime.version().toString());
    versions.put("spark", org.apache.spark.package$.MODULE$.SPARK_VERSION());
    versions.put(Manifest.Session.BACKEND, job.backend());
    return versions;
  }

  private void warnOfOtherBackend() {
    String now = job.backend();
    folder.manifest().sessions().stream()
        .map(session -> session.versions().get(Manifest.Session.BACKEND))
        .filter(backend -> !now.equals(backend))
        .findFirst()
        .ifPresent(
            other ->
                LOG.warn(
                    "Earlier images of this folder were drawn with {}, these are drawn with {}: the"
                        + " images agree within rounding, not bit for bit",
                    other,
                    now));
  }
}
