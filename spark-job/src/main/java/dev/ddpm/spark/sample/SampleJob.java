package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.kernel.NativeBackend;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.runtime.ExecutorPool;
import dev.ddpm.spark.runtime.Floats;
import dev.ddpm.spark.runtime.RuntimeCheck;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Draws images from a model over the cluster and writes them as a {@link SampleTable}, a {@link
 * Manifest} and pictures. An image depends on the model, the settings and its index, and not on who
 * draws it.
 *
 * <p>The folder is filled file by file, each exactly once, whatever tasks are retried, run twice or
 * killed with their driver. The same request again does only what is missing; a larger count adds
 * to the folder; other settings are refused.
 */
public final class SampleJob {
  private static final Logger LOG = LoggerFactory.getLogger(SampleJob.class);
  private static final String IMAGE_STEPS = "image steps";
  private static final int FILES_PER_SLOT = 4;
  private static final long MAXIMUM_FILE_BYTES = 128L << 20;

  private final SparkSession spark;
  private final Configuration configuration;
  private final PrintWriter out;

  /**
   * A job.
   *
   * @param out receives lines of progress
   */
  public SampleJob(SparkSession spark, PrintWriter out) {
    this.spark = spark;
    this.configuration = spark.sparkContext().hadoopConfiguration();
    this.out = out;
  }

  /**
   * What is to be drawn.
   *
   * @param model path of a model folder
   * @param output path of the output folder: new, empty, or of the same model and settings
   * @param count number of images, at least 1
   * @param sampling how
   * @param exports what is wanted besides the table
   */
  public record Request(
      String model, String output, long count, SamplingConfig sampling, Set<Export> exports) {
    /**
     * Checks the count.
     *
     * @throws DdpmException (user) if it is not positive
     */
    public Request {
      if (count < 1) {
        throw DdpmException.user("--count = %d: must be at least 1.", count);
      }
      exports = Set.copyOf(exports);
    }

    /** A request for the table alone. */
    public Request(String model, String output, long count, SamplingConfig sampling) {
      this(model, output, count, sampling, Set.of());
    }
  }

  /**
   * What there is now.
   *
   * @param table folder of the table
   * @param contactSheet the picture
   * @param images images in the folder
   * @param drawn those of them that this run has added
   * @param seconds that drawing took
   */
  public record Result(
      String table, String contactSheet, long images, long drawn, double seconds) {}

  /**
   * Draws the images.
   *
   * @throws DdpmException for a model or output folder that cannot be used, before anything is
   *     drawn
   */
  public Result run(Request request) {
    StoredModel model =
        StoredModel.read(request.model(), request.sampling().weights(), configuration);
    var plan = new SamplingPlan(model.description(), request.sampling());
    SampleFolder folder =
        SampleFolder.open(request.output(), configuration, plan.identity(model.hash()));
    List<Shard> committed = folder.committed();
    List<IndexRange> wanted =
        folder.ask(request.count(), shardSize(plan, request.count())).shards(request.count());
    List<IndexRange> missing = missing(wanted, committed);
    long drawn = missing.stream().mapToLong(IndexRange::count).sum();
    long start = System.nanoTime();
    try {
      List<IndexRange> work = work(wanted, missing, request.exports(), folder);
      if (!work.isEmpty()) {
        announce(wanted, missing);
        drawAndReport(request, model, plan, folder, work, drawn);
      }
      long images = folder.manifest().images();
      var pictures = new SamplePictures(folder, wanted);
      pictures.writeSheet(request.count());
      int frames = request.sampling().trajectory();
      if (frames > 0) {
        pictures.writeTrajectories(request.count(), frames);
      }
      SampleReport.write(folder);
      if (folder.manifest().complete()) {
        folder.removeTemporaries();
      }
      return new Result(
          new Path(folder.path(), ShardFiles.IMAGES).toString(),
          new Path(folder.path(), SamplePictures.SHEET).toString(),
          images,
          drawn,
          (System.nanoTime() - start) / 1e9);
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be written: %s.", request.output(), e.getMessage());
    }
  }

  private static List<IndexRange> missing(List<IndexRange> wanted, List<Shard> committed) {
    Set<IndexRange> there = new HashSet<>();
    committed.forEach(shard -> there.add(shard.range()));
    return wanted.stream().filter(range -> !there.contains(range)).toList();
  }

  /** The files that have to be drawn or exported, in order. */
  private List<IndexRange> work(
      List<IndexRange> wanted, List<IndexRange> missing, Set<Export> exports, SampleFolder folder)
      throws IOException {
    Set<IndexRange> todo = new HashSet<>(missing);
    for (Export export : exports) {
      todo.addAll(export.missing(wanted, folder.path(), configuration));
    }
    return wanted.stream().filter(todo::contains).toList();
  }

  private void announce(List<IndexRange> wanted, List<IndexRange> missing) {
    if (missing.size() < wanted.size()) {
      out.printf(
          "Going on: %,d of %,d files are there already.%n",
          wanted.size() - missing.size(), wanted.size());
    }
  }

  private void drawAndReport(
      Request request,
      StoredModel model,
      SamplingPlan plan,
      SampleFolder folder,
      List<IndexRange> work,
      long images)
      throws IOException {
    try {
      draw(request, model, plan, folder, work, images);
    } catch (RuntimeException failed) {
      SampleReport.write(folder);
      throw failed;
    }
  }

  private void draw(
      Request request,
      StoredModel model,
      SamplingPlan plan,
      SampleFolder folder,
      List<IndexRange> work,
      long images) {
    Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    long start = System.nanoTime();
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    int slots = RuntimeCheck.run(context, NativeBackend::describe);
    warnOfOtherBackend(folder.manifest());
    LongAccumulator imageSteps = spark.sparkContext().longAccumulator(IMAGE_STEPS);
    var setup = new GeneratorSetup(plan, new Floats(model.weights()));
    Broadcast<ExecutorPool<Generator>> generators = context.broadcast(new ExecutorPool<>(setup));
    var hadoop = context.broadcast(new SerializableConfiguration(configuration));
    var task =
        new ShardTask(
            generators,
            hadoop,
            plan,
            model.hash(),
            folder.path().toString(),
            request.exports().isEmpty()
                ? EnumSet.noneOf(Export.class)
                : EnumSet.copyOf(request.exports()),
            context.sc().applicationId(),
            imageSteps);
    SampleProgress progress = SampleProgress.start(IMAGE_STEPS, images, plan.steps(), out);
    spark.sparkContext().addSparkListener(progress);
    long before = images(folder.committed());
    String error = "";
    try {
      context.setJobGroup("sample", "Sampling %,d images".formatted(images));
      context.parallelize(work, work.size()).map(task).collect();
    } catch (RuntimeException failed) {
      error = firstLine(failed);
      throw failed;
    } finally {
      spark.sparkContext().removeSparkListener(progress);
      progress.close();
      double seconds = (System.nanoTime() - start) / 1e9;
      long drawn = images(folder.committed()) - before;
      folder.finish(
          new Manifest.Session(
              started.toString(),
              context.sc().applicationId(),
              drawn,
              seconds,
              drawn / seconds,
              slots,
              progress.failedTasks(),
              error,
              versions()));
      generators.destroy();
      hadoop.destroy();
    }
  }

  private static long images(List<Shard> shards) {
    return shards.stream().mapToLong(Shard::count).sum();
  }

  private static String firstLine(Throwable failed) {
    return String.valueOf(failed.getMessage()).lines().findFirst().orElse(failed.toString());
  }

  /**
   * Images per file: as configured, else so that there are several files per task slot, for
   * progress to show and slots to even out, and none is larger than is handy.
   */
  private long shardSize(SamplingPlan plan, long count) {
    if (plan.sampling().shardSize() > 0) {
      return plan.sampling().shardSize();
    }
    int slots =
        spark.sparkContext().defaultParallelism()
            / spark.sparkContext().getConf().getInt("spark.task.cpus", 1);
    long files = (long) Math.max(1, slots) * FILES_PER_SLOT;
    long bytesPerImage = plan.imageSize() * (plan.sampling().keepX0() ? 1L + Float.BYTES : 1L);
    long images = Math.min((count + files - 1) / files, MAXIMUM_FILE_BYTES / bytesPerImage);
    long microBatches = Math.max(1, (images + plan.microBatch() - 1) / plan.microBatch());
    return microBatches * plan.microBatch();
  }

  private static Map<String, String> versions() {
    Map<String, String> versions = new TreeMap<>();
    versions.put(
        "ddpm",
        Optional.ofNullable(SampleJob.class.getPackage().getImplementationVersion())
            .orElse("development"));
    versions.put("java", Runtime.version().toString());
    versions.put("spark", org.apache.spark.package$.MODULE$.SPARK_VERSION());
    versions.put("backend", NativeBackend.describe());
    return versions;
  }

  private static void warnOfOtherBackend(Manifest manifest) {
    List<String> backends = new ArrayList<>();
    manifest.sessions().forEach(session -> backends.add(session.versions().get("backend")));
    backends.removeIf(NativeBackend.describe()::equals);
    if (!backends.isEmpty()) {
      LOG.warn(
          "Earlier images of this folder were drawn with {}, these are with {}: the images agree"
              + " within rounding, not bit for bit",
          backends.get(0),
          NativeBackend.describe());
    }
  }
}
