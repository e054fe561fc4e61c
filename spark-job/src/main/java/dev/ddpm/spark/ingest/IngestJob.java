package dev.ddpm.spark.ingest;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Orientation;
import dev.ddpm.spark.cluster.ProgramVersion;
import dev.ddpm.spark.cluster.Watched;
import dev.ddpm.spark.dataset.ImageTable;
import dev.ddpm.spark.dataset.TableDescription;
import dev.ddpm.spark.dataset.TableFingerprint;
import dev.ddpm.spark.io.NamedFolder;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.LongAccumulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an image table ({@link ImageTable}) of files.
 *
 * <p>Every image is decoded and prepared once. Only when the number of bad ones is known to be
 * allowed is anything written. Ids are dense and follow the order of file names (by UTF-8 bytes)
 * and of positions in a file: the same input gives the same ids, whatever the cluster. The output
 * is written once, into a folder that must be empty, and never overwritten.
 */
public final class IngestJob {
  private static final Logger LOG = LoggerFactory.getLogger(IngestJob.class);

  /** Large enough for a file system's blocks, small enough for a task to read one. */
  private static final long FILE_BYTES = 128L << 20;

  private static final int LISTED_REASONS = 10;

  /** Place of the column in {@link #numbered} rows. */
  private static final int SOURCE = 5;

  private final SparkSession spark;
  private final IngestOptions options;
  private final PrintWriter out;
  private final long fileBytes;

  /**
   * Prepares a job; {@link #run} does it.
   *
   * @param out receives a line every few seconds on how far it is
   */
  public IngestJob(SparkSession spark, IngestOptions options, PrintWriter out) {
    this(spark, options, out, FILE_BYTES);
  }

  /** As above, with a size of one's choice that the table's files come near. */
  IngestJob(SparkSession spark, IngestOptions options, PrintWriter out, long fileBytes) {
    this.spark = spark;
    this.options = options;
    this.out = out;
    this.fileBytes = fileBytes;
  }

  /**
   * Does the job.
   *
   * @throws DdpmException (user) if the output is not empty, or a note of picture files is to be
   *     ignored and there are none; (data) if the input does not exist, is empty or damaged, holds
   *     more bad images than allowed, or images of several sizes that are not to be resized
   */
  public IngestResult run() {
    NamedFolder.of("--output", options.output(), spark.sparkContext().hadoopConfiguration())
        .requireEmpty()
        .requireWritable();
    describe("Ingest: decode images");
    SourceImages images =
        options
            .source()
            .read(
                spark,
                new Preparation(options.orientation(), options.channels(), options.resize()));
    if (options.orientation() == Orientation.IGNORE && !images.pictureFiles()) {
      throw DdpmException.user(
          "--orientation = ignore: the images of %s are no picture files, in which a camera could"
              + " note it.",
          options.source().description());
    }
    var watched = Watched.start(spark.sparkContext(), "decoding", images.count(), 1, out);
    Dataset<Row> candidates =
        counted(images.candidates(), watched.imageSteps()).persist(StorageLevel.MEMORY_AND_DISK());
    try {
      return write(candidates, decoded(candidates, watched), images);
    } finally {
      candidates.unpersist();
      spark.sparkContext().setJobDescription(null);
    }
  }

  /** Decodes them all, into Spark's storage. */
  private static Summary decoded(Dataset<Row> candidates, Watched watched) {
    try (watched) {
      return Summary.of(candidates);
    }
  }

  /** Counts rows when they are made, which is once: afterwards they are in Spark's storage. */
  private static Dataset<Row> counted(Dataset<Row> candidates, LongAccumulator decoded) {
    return candidates.map(
        (MapFunction<Row, Row>)
            row -> {
              decoded.add(1);
              return row;
            },
        Encoders.row(Candidates.schema()));
  }

  private IngestResult write(Dataset<Row> candidates, Summary summary, SourceImages source) {
    if (summary.images() == 0) {
      throw DdpmException.data(
          "There is no image in the input: %s%s.",
          options.source().description(),
          source.leftOut().stream().map(leftOut -> "; " + leftOut).collect(Collectors.joining()));
    }
    List<String> reasons = summary.bad() == 0 ? List.of() : firstReasons(candidates);
    checkBadImages(summary, reasons);
    Dataset<Row> good = candidates.filter(col(Candidates.REASON).isNull());
    if (!summary.oneSize()) {
      throw DdpmException.data(
          "Images differ in size: %s; height and width to resize to must be given.",
          String.join(", ", examplesOfSizes(good)));
    }
    long images = Math.min(summary.good(), options.limit().orElse(Long.MAX_VALUE));
    double share = (double) images / summary.good();
    int files = (int) Math.max(1, Math.ceil(summary.bytes() * share / fileBytes));
    describe("Ingest: write " + options.output());
    if (files > 1) {
      out.printf("writing %,d images to %d files%n", images, files);
      out.flush();
    }
    spark
        .createDataFrame(withIds(good, files, images), ImageTable.schema())
        .write()
        .mode(SaveMode.Append)
        .parquet(options.output());
    describe("Ingest: fingerprint of " + options.output());
    String fingerprint = TableFingerprint.of(spark, options.output());
    TableDescription table =
        new TableDescription(
            images,
            summary.height(),
            summary.width(),
            summary.channels(),
            source.labelNames(),
            described(source.remarks()),
            preparation(source.pictureFiles()),
            summary.bad(),
            createdBy(),
            fingerprint);
    table.write(new Path(options.output()), spark.sparkContext().hadoopConfiguration());
    return new IngestResult(
        table,
        summary.bad(),
        reasons,
        account(candidates, summary, images, source.leftOut()),
        source.remarks());
  }

  private Account account(
      Dataset<Row> candidates, Summary summary, long used, List<LeftOut> notCandidates) {
    List<LeftOut> leftOut = new ArrayList<>(notCandidates);
    if (summary.bad() > 0) {
      leftOut.addAll(badImages(candidates.filter(col(Candidates.REASON).isNotNull())));
    }
    if (used < summary.good()) {
      leftOut.add(
          new LeftOut(
              "comes after the first " + used + " good ones (--limit)",
              summary.good() - used,
              following(candidates.filter(col(Candidates.REASON).isNull()), used)));
    }
    long others = notCandidates.stream().mapToLong(LeftOut::count).sum();
    return new Account(summary.images() + others, used, leftOut);
  }

  private static List<LeftOut> badImages(Dataset<Row> bad) {
    return bad.groupBy(Candidates.KIND).count().orderBy(Candidates.KIND).collectAsList().stream()
        .map(
            kind ->
                new LeftOut(
                    kind.getString(0),
                    kind.getLong(1),
                    names(bad.filter(col(Candidates.KIND).equalTo(kind.getString(0))))))
        .toList();
  }

  private static List<String> following(Dataset<Row> good, long used) {
    return numbered(good, good.sparkSession().sparkContext().defaultParallelism())
        .filter(indexed -> indexed._2() >= used)
        .map(indexed -> indexed._1().getString(SOURCE))
        .take(LeftOut.NAMES);
  }

  private static List<String> names(Dataset<Row> candidates) {
    return candidates
        .orderBy(Candidates.FILE, Candidates.POSITION)
        .limit(LeftOut.NAMES)
        .select(ImageTable.SOURCE)
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private List<String> firstReasons(Dataset<Row> candidates) {
    return candidates
        .filter(col(Candidates.REASON).isNotNull())
        .orderBy(Candidates.FILE, Candidates.POSITION)
        .limit(LISTED_REASONS)
        .select(Candidates.REASON)
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private void checkBadImages(Summary summary, List<String> reasons) {
    for (String reason : reasons) {
      LOG.warn("Bad image: {}", reason);
    }
    long allowed = options.badImages().allowed(summary.images());
    if (summary.bad() > allowed) {
      throw DdpmException.data(
          "%d of %d images are bad, and %d may be; the first: %s",
          summary.bad(), summary.images(), allowed, reasons.get(0));
    }
    if (summary.good() == 0) {
      throw DdpmException.data(
          "All %d images are bad; the first: %s", summary.images(), reasons.get(0));
    }
  }

  private static List<String> examplesOfSizes(Dataset<Row> good) {
    return good
        .groupBy(ImageTable.HEIGHT, ImageTable.WIDTH)
        .agg(min(ImageTable.SOURCE).as(ImageTable.SOURCE))
        .orderBy(ImageTable.SOURCE)
        .limit(3)
        .collectAsList()
        .stream()
        .map(row -> row.getString(2) + " is " + row.getInt(0) + "×" + row.getInt(1))
        .toList();
  }

  private static JavaPairRDD<Row, Long> numbered(Dataset<Row> good, int partitions) {
    return good.repartitionByRange(partitions, col(Candidates.FILE), col(Candidates.POSITION))
        .sortWithinPartitions(Candidates.FILE, Candidates.POSITION, ImageTable.SOURCE)
        .select(
            ImageTable.IMAGE,
            ImageTable.HEIGHT,
            ImageTable.WIDTH,
            ImageTable.CHANNELS,
            ImageTable.LABEL,
            ImageTable.SOURCE)
        .toJavaRDD()
        .zipWithIndex();
  }

  private static JavaRDD<Row> withIds(Dataset<Row> good, int files, long images) {
    return numbered(good, files)
        .filter(indexed -> indexed._2() < images)
        .map(
            indexed -> {
              Row row = indexed._1();
              return RowFactory.create(
                  indexed._2(),
                  row.get(0),
                  row.get(1),
                  row.get(2),
                  row.get(3),
                  row.get(4),
                  row.get(5));
            });
  }

  private String described(List<String> remarks) {
    String description = options.source().description();
    return remarks.isEmpty() ? description : description + ": " + String.join("; ", remarks);
  }

  private String preparation(boolean pictureFiles) {
    String channels =
        (pictureFiles ? orientation() + ", " : "")
            + options.channels().channels()
            + " on "
            + options.channels().background();
    return options
        .resize()
        .map(r -> channels + ", " + r.mode() + " to " + r.height() + "×" + r.width())
        .orElse(channels);
  }

  private String orientation() {
    return options.orientation() == Orientation.APPLY
        ? "upright (orientation applied)"
        : "as stored (orientation ignored)";
  }

  private static String createdBy() {
    return "ddpm-spark " + ProgramVersion.ofJar();
  }

  private void describe(String job) {
    spark.sparkContext().setJobDescription(job);
  }

  /**
   * All images at a glance.
   *
   * @param images good and bad ones
   * @param bad those that have a reason
   * @param bytes size of the good ones as PNG
   * @param oneSize whether the good ones are equal in height and width
   */
  private record Summary(
      long images, long bad, long bytes, int height, int width, int channels, boolean oneSize) {

    static Summary of(Dataset<Row> candidates) {
      Row row =
          candidates
              .agg(
                  count(lit(1)),
                  count(Candidates.REASON),
                  sum(length(col(ImageTable.IMAGE))),
                  min(ImageTable.HEIGHT),
                  max(ImageTable.HEIGHT),
                  min(ImageTable.WIDTH),
                  max(ImageTable.WIDTH),
                  max(ImageTable.CHANNELS))
              .head();
      long images = row.getLong(0);
      long bad = row.getLong(1);
      if (images == bad) {
        return new Summary(images, bad, 0, 0, 0, 0, true);
      }
      boolean oneSize = row.getInt(3) == row.getInt(4) && row.getInt(5) == row.getInt(6);
      return new Summary(
          images, bad, row.getLong(2), row.getInt(3), row.getInt(5), row.getInt(7), oneSize);
    }

    long good() {
      return images - bad;
    }
  }
}
