package dev.ddpm.spark.sample;

import dev.ddpm.backend.Backends;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.ImageProgress;
import dev.ddpm.spark.cluster.MemoryBudget;
import dev.ddpm.spark.cluster.RuntimeCheck;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.stored.SamplingMemory;
import dev.ddpm.spark.stored.SamplingPlan;
import dev.ddpm.spark.stored.StoredModel;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a sampling job that the cluster does: files of images, one {@link ShardTask} each,
 * watched and written down in the manifest as a session, also where it fails.
 */
final class Drawing {
  private static final Logger LOG = LoggerFactory.getLogger(Drawing.class);
  private static final String IMAGE_STEPS = "image steps";

  private final JavaSparkContext spark;
  private final StoredModel model;
  private final SamplingPlan plan;
  private final SampleFolder folder;
  private final Set<Export> exports;
  private final PrintWriter out;

  /**
   * A drawing.
   *
   * @param exports what is wanted besides the table
   * @param out receives lines of progress
   */
  Drawing(
      JavaSparkContext spark,
      StoredModel model,
      SamplingPlan plan,
      SampleFolder folder,
      Set<Export> exports,
      PrintWriter out) {
    this.spark = spark;
    this.model = model;
    this.plan = plan;
    this.folder = folder;
    this.exports = EnumSet.noneOf(Export.class);
    this.exports.addAll(exports);
    this.out = out;
  }

  /**
   * Draws and exports files.
   *
   * @param files which
   * @param missing those of them that are not there yet; the others are only exported
   * @return what became of it, as the manifest has it now
   */
  Manifest.Session run(List<IndexRange> files, List<IndexRange> missing) {
    Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    long start = System.nanoTime();
    int slots = RuntimeCheck.run(spark, Backends::describe);
    MemoryBudget.check(
        spark,
        slots,
        SamplingMemory.of(plan.model().architecture(), plan.microBatch(), "sampling.micro-batch"));
    warnOfOtherBackend();
    long images = missing.stream().mapToLong(IndexRange::count).sum();
    LongAccumulator imageSteps = spark.sc().longAccumulator(IMAGE_STEPS);
    ImageProgress progress =
        ImageProgress.start("sampling", IMAGE_STEPS, images, plan.steps(), out);
    spark.sc().addSparkListener(progress);
    Manifest.Session session;
    String error = "";
    try {
      compute(files, images, imageSteps);
    } catch (RuntimeException failed) {
      error = firstLine(failed);
      throw failed;
    } finally {
      spark.sc().removeSparkListener(progress);
      progress.close();
      double seconds = (System.nanoTime() - start) / 1e9;
      Set<IndexRange> wanted = Set.copyOf(missing);
      List<Shard> drawn =
          folder.committed().stream().filter(shard -> wanted.contains(shard.range())).toList();
      long count = drawn.stream().mapToLong(Shard::count).sum();
      double samplerSeconds = drawn.stream().mapToDouble(Shard::samplerSeconds).sum();
      session =
          new Manifest.Session(
              started.toString(),
              spark.sc().applicationId(),
              count,
              seconds,
              count / seconds,
              slots,
              samplerSeconds / (slots * seconds),
              progress.failedTasks(),
              error,
              versions());
      folder.finish(session);
    }
    return session;
  }

  private void compute(List<IndexRange> files, long images, LongAccumulator imageSteps) {
    var setup = new GeneratorSetup(plan, new WireFloats(model.weights()));
    Broadcast<ExecutorPool<Generator>> generators = spark.broadcast(new ExecutorPool<>(setup));
    var hadoop = spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    var task =
        new ShardTask(
            generators,
            hadoop,
            plan,
            model.hash(),
            folder.path().toString(),
            exports,
            spark.sc().applicationId(),
            imageSteps);
    try {
      spark.setJobGroup("sample", "Sampling %,d images".formatted(images));
      spark.parallelize(files, files.size()).map(task).collect();
    } finally {
      generators.destroy();
      hadoop.destroy();
    }
  }

  private static String firstLine(Throwable failed) {
    return String.valueOf(failed.getMessage()).lines().findFirst().orElse(failed.toString());
  }

  private static Map<String, String> versions() {
    Map<String, String> versions = new TreeMap<>();
    versions.put(
        "ddpm",
        Optional.ofNullable(Drawing.class.getPackage().getImplementationVersion())
            .orElse("development"));
    versions.put("java", Runtime.version().toString());
    versions.put("spark", org.apache.spark.package$.MODULE$.SPARK_VERSION());
    versions.put(Manifest.Session.BACKEND, Backends.describe());
    return versions;
  }

  private void warnOfOtherBackend() {
    String now = Backends.describe();
    folder.manifest().sessions().stream()
        .map(session -> session.versions().get(Manifest.Session.BACKEND))
        .filter(backend -> !now.equals(backend))
        .findFirst()
        .ifPresent(
            other ->
                LOG.warn(
                    "Earlier images of this folder were drawn with {}, these are with {}: the"
                        + " images agree within rounding, not bit for bit",
                    other,
                    now));
  }
}
