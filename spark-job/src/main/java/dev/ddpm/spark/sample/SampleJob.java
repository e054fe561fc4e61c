package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.DrawnClasses;
import dev.ddpm.spark.stored.GuidedModel;
import dev.ddpm.spark.stored.SamplingPlan;
import dev.ddpm.spark.stored.TableClasses;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

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
  private static final int FILES_PER_SLOT = 4;
  private static final long MAXIMUM_FILE_BYTES = 128L << 20;

  private final SparkSession spark;
  private final Configuration configuration;
  private final PrintWriter out;

  /**
   * Touches nothing before {@link #run}.
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
   * @param count number of images, from 1 to {@value IndexRange#MOST}
   * @param sampling how
   * @param backend what the network computes with
   * @param exports what is wanted besides the table
   */
  public record Request(
      String model,
      String output,
      long count,
      SamplingConfig sampling,
      BackendChoice backend,
      Set<Export> exports) {
    /**
     * Checks the count.
     *
     * @throws DdpmException (user) if it is not in its range
     */
    public Request {
      if (count < 1) {
        throw DdpmException.user("--count = %d: must be at least 1.", count);
      }
      if (count > IndexRange.MOST) {
        throw DdpmException.user("--count = %d: must be at most %d.", count, IndexRange.MOST);
      }
      exports = Set.copyOf(exports);
    }

    /** A request for the table alone, of images computed in float32. */
    public Request(String model, String output, long count, SamplingConfig sampling) {
      this(model, output, count, sampling, BackendChoice.DEFAULT, Set.of());
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
   * @param samplerShare share of the task slots' time in these seconds that the sampler loop took
   */
  public record Result(
      String table,
      String contactSheet,
      long images,
      long drawn,
      double seconds,
      double samplerShare) {}

  /**
   * Draws the images.
   *
   * @throws DdpmException for a model or output folder that cannot be used, before anything is
   *     drawn
   */
  public Result run(Request request) {
    GuidedModel model = GuidedModel.read(request.model(), request.sampling(), configuration);
    DrawnClasses classes =
        TableClasses.drawn(spark, model.description().classes(), request.sampling().classes());
    var plan =
        new SamplingPlan(model.description(), request.sampling(), request.backend(), classes);
    long shardSize = shardSize(plan, request.count());
    new ShardPlan(List.of()).extendedTo(request.count(), shardSize).requireFewFiles();
    SampleFolder folder = SampleFolder.open(request.output(), configuration, model.identity(plan));
    List<IndexRange> wanted = folder.ask(request.count(), shardSize).shards(request.count());
    Inventory found = folder.check();
    found.flaws().forEach(flaw -> out.println(flaw.line()));
    folder.settle(found);
    if (classes.exist()) {
      out.printf(
          Locale.ROOT,
          "Classes: %s; guidance %s.%n",
          classes.describe(),
          guidance(request.sampling()));
    }
    String guide = request.sampling().guidanceModel();
    if (!guide.isEmpty()) {
      out.println(
          request.sampling().isGuided()
              ? "Guided by %s.".formatted(guide)
              : "Not guided by %s: sampling.guidance = 1 is no guidance.".formatted(guide));
    }
    List<IndexRange> missing = missing(wanted, found);
    Optional<Manifest.Session> session = Optional.empty();
    try {
      if (!missing.isEmpty() || !request.exports().isEmpty()) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        try (ClusterJob job = ClusterJob.start(context, request.backend())) {
          if (!missing.isEmpty()) {
            announce(wanted, missing);
            session = Optional.of(draw(job, model, plan, folder, missing));
          }
          export(job, request.exports(), folder, wanted);
        }
      }
      writePictures(request, wanted, folder);
      SampleReport.write(folder);
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be written: %s.", request.output(), e.getMessage());
    }
    if (folder.manifest().complete()) {
      folder.removeTemporaries();
    }
    return new Result(
        new Path(folder.path(), ShardTable.IMAGES.folder()).toString(),
        new Path(folder.path(), SamplePictures.SHEET).toString(),
        folder.manifest().images(),
        session.map(Manifest.Session::imagesDrawn).orElse(0L),
        session.map(Manifest.Session::seconds).orElse(0.0),
        session.map(Manifest.Session::samplerShare).orElse(0.0));
  }

  /** The scale, and what at 0 becomes of the classes that were asked for. */
  private static String guidance(SamplingConfig sampling) {
    boolean led =
        sampling.guidance() != 0
            || !sampling.guidanceInterval().isEmpty()
            || !sampling.guidanceModel().isEmpty();
    return sampling.guidance() + (led ? "" : ", by which no class leads an image");
  }

  /**
   * The files that have to be drawn, in order: those that are asked for, or were and are flawed.
   */
  private static List<IndexRange> missing(List<IndexRange> wanted, Inventory found) {
    Set<IndexRange> there = new HashSet<>();
    found.intact().forEach(shard -> there.add(shard.range()));
    Stream<IndexRange> flawed = found.flaws().stream().map(Inventory.Flaw::range);
    return Stream.concat(wanted.stream(), flawed)
        .filter(range -> !there.contains(range))
        .distinct()
        .sorted(Comparator.comparingLong(IndexRange::first))
        .toList();
  }

  private void announce(List<IndexRange> wanted, List<IndexRange> missing) {
    long there = wanted.size() - missing.stream().filter(Set.copyOf(wanted)::contains).count();
    if (there > 0) {
      out.printf("Going on: %,d of %,d files are there already.%n", there, wanted.size());
    }
  }

  /** Draws; where that fails, the report tells. */
  private Manifest.Session draw(
      ClusterJob job,
      GuidedModel model,
      SamplingPlan plan,
      SampleFolder folder,
      List<IndexRange> missing)
      throws IOException {
    try {
      return new Drawing(job, model, plan, folder, out).run(missing);
    } catch (RuntimeException failed) {
      SampleReport.write(folder);
      throw failed;
    }
  }

  private void export(
      ClusterJob job, Set<Export> exports, SampleFolder folder, List<IndexRange> files) {
    for (Export export : exports) {
      job.describe("sample", "Exporting %,d files".formatted(files.size()));
      var task =
          new ExportTask(
              job.broadcast(new SerializableConfiguration(configuration)),
              export,
              folder.path().toString(),
              folder.content());
      job.spark()
          .parallelize(files, files.size())
          .map(task)
          .collect()
          .forEach(made -> made.repaired().ifPresent(out::println));
    }
  }

  private static void writePictures(Request request, List<IndexRange> files, SampleFolder folder)
      throws IOException {
    var pictures = new SamplePictures(folder, files);
    pictures.writeSheet(request.count());
    int frames = request.sampling().trajectory();
    if (frames > 0) {
      pictures.writeTrajectories(request.count(), frames);
    }
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
}
