package dev.ddpm.spark.dataset;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.xxhash64;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageShape;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import scala.Tuple2;

/**
 * An image table that was checked and can be read.
 *
 * <p>Opening one reads the small columns in one pass and refuses it, with one sentence, unless all
 * columns are there in their types, the ids are 0..N−1, each once, and all images have one size.
 * The pixels themselves are checked as they are decoded.
 */
public final class ImageTableReader {
  /** A batch of the default 4096 rows of images can exceed what a column vector holds (2 GiB). */
  private static final int READER_BATCH = 64;

  private static final int MOST_IN_AN_ARRAY = Integer.MAX_VALUE - 8;

  private final String path;
  private final Dataset<Row> table;
  private final long images;
  private final int height;
  private final int width;
  private final int channels;
  private final Optional<LabelRange> labels;
  private final List<String> labelNames;
  private final Optional<String> describedFingerprint;

  private ImageTableReader(
      String path, Dataset<Row> table, Row summary, Optional<TableDescription> description) {
    this.path = path;
    this.table = table;
    this.images = summary.getLong(0);
    this.height = (int) summary.getLong(5);
    this.width = (int) summary.getLong(7);
    this.channels = (int) summary.getLong(9);
    this.labels =
        summary.isNullAt(11)
            ? Optional.empty()
            : Optional.of(new LabelRange((int) summary.getLong(11), (int) summary.getLong(12)));
    this.labelNames = description.map(TableDescription::labelNames).orElse(List.of());
    this.describedFingerprint = description.map(TableDescription::fingerprint);
  }

  /**
   * Opens and checks a table.
   *
   * @param path a Parquet folder or file on any file system that Spark reaches
   * @throws DdpmException (data) naming what is wrong with it
   */
  public static ImageTableReader open(SparkSession spark, String path) {
    Configuration configuration = spark.sparkContext().hadoopConfiguration();
    Path folder = existing(path, configuration);
    Dataset<Row> table = load(spark, folder, path);
    return checked(spark, path, table, () -> TableDescription.read(folder, configuration));
  }

  /**
   * Opens a table of samples, as job {@code sample} writes it, as one of images: their ids are the
   * sample indices.
   *
   * @param path its Parquet folder
   * @param index name of the column of the sample indices
   * @throws DdpmException (data) naming what is wrong with it
   */
  public static ImageTableReader openSamples(SparkSession spark, String path, String index) {
    Path folder = existing(path, spark.sparkContext().hadoopConfiguration());
    Dataset<Row> table = load(spark, folder, path).withColumnRenamed(index, ImageTable.ID);
    return checked(spark, path, table, Optional::empty);
  }

  private static ImageTableReader checked(
      SparkSession spark,
      String path,
      Dataset<Row> table,
      Supplier<Optional<TableDescription>> describing) {
    ImageTable.check(table.schema(), path);
    Row summary = summary(table);
    Optional<TableDescription> description = describing.get();
    checkIds(spark, table, path, summary);
    checkSize(path, summary);
    checkLabels(path, summary);
    description.ifPresent(told -> checkCount(path, summary.getLong(0), told.count()));
    return new ImageTableReader(path, ImageTable.inItsTypes(table), summary, description);
  }

  private static Row summary(Dataset<Row> table) {
    Column label =
        Arrays.asList(table.columns()).contains(ImageTable.LABEL)
            ? whole(ImageTable.LABEL)
            : lit(null).cast(DataTypes.LongType);
    return table
        .agg(
            count(lit(1)),
            count(ImageTable.ID),
            min(whole(ImageTable.ID)),
            max(whole(ImageTable.ID)),
            bit_xor(xxhash64(whole(ImageTable.ID))),
            min(whole(ImageTable.HEIGHT)),
            max(whole(ImageTable.HEIGHT)),
            min(whole(ImageTable.WIDTH)),
            max(whole(ImageTable.WIDTH)),
            min(whole(ImageTable.CHANNELS)),
            max(whole(ImageTable.CHANNELS)),
            min(label),
            max(label))
        .head();
  }

  /** Integers of any width, as the widest. */
  private static Column whole(String column) {
    return col(column).cast(DataTypes.LongType);
  }

  /** Number of images. */
  public long images() {
    return images;
  }

  /** Shape of every image. */
  public ImageShape imageShape() {
    return new ImageShape(height(), width(), channels());
  }

  /**
   * The identity of the images, see {@link TableFingerprint}: as the table's description has it,
   * else computed, which reads the whole table.
   */
  public String fingerprint() {
    return describedFingerprint.orElseGet(() -> TableFingerprint.of(table));
  }

  /** Rows of every image. */
  public int height() {
    return height;
  }

  /** Columns of every image. */
  public int width() {
    return width;
  }

  /** Channels of every image: 1, 3 or 4. */
  public int channels() {
    return channels;
  }

  /** The least and the greatest of some labels. */
  public record LabelRange(int least, int greatest) {}

  /** Which labels there are; empty if no image has one. */
  public Optional<LabelRange> labels() {
    return labels;
  }

  /** The identity of the labels, see {@link TableFingerprint}; computed in one pass over them. */
  public String labelsFingerprint() {
    return TableFingerprint.ofLabels(table);
  }

  /**
   * The label of each image, by its id; {@link ClassLabels#NO_LABEL} for none.
   *
   * @throws DdpmException (user) if there are more images than an array can have values
   */
  public int[] labelsById() {
    if (images > MOST_IN_AN_ARRAY) {
      throw DdpmException.user(
          "The image table %s has %d images: the labels of at most %d can be held in memory.",
          path, images, MOST_IN_AN_ARRAY);
    }
    int[] all = new int[(int) images];
    table
        .select(ImageTable.ID, ImageTable.LABEL)
        .toJavaRDD()
        .mapPartitions(ImageTableReader::idsAndLabels)
        .collect()
        .forEach(
            part -> {
              for (int i = 0; i < part._1().length; i++) {
                all[(int) part._1()[i]] = part._2()[i];
              }
            });
    return all;
  }

  private static Iterator<Tuple2<long[], int[]>> idsAndLabels(Iterator<Row> rows) {
    var ids = LongStream.builder();
    var labels = IntStream.builder();
    rows.forEachRemaining(
        row -> {
          ids.add(row.getLong(0));
          labels.add(row.isNullAt(1) ? ClassLabels.NO_LABEL : row.getInt(1));
        });
    return List.of(new Tuple2<>(ids.build().toArray(), labels.build().toArray())).iterator();
  }

  /** Name of each label; empty if the table does not tell. */
  public List<String> labelNames() {
    return labelNames;
  }

  /** The rows as they are stored, with the columns of {@link ImageTable} and any others. */
  public Dataset<Row> table() {
    return table;
  }

  /**
   * The rows, decoded, in the partitions of the files.
   *
   * @return images of height · width · channels bytes; decoding one that is damaged or of another
   *     size fails the task with a {@link DdpmException} (data) that names its id
   */
  public JavaRDD<ImageRow> rows() {
    RowDecoder decoder = new RowDecoder(path, height, width, channels);
    return stored().map(decoder::decode);
  }

  /**
   * The rows, decoded, without some.
   *
   * @param usable whether the image of an id is to be decoded
   */
  public JavaRDD<ImageRow> rows(Function<Long, Boolean> usable) {
    RowDecoder decoder = new RowDecoder(path, height, width, channels);
    return stored().filter(row -> usable.call(row.getLong(0))).map(decoder::decode);
  }

  /**
   * Decodes every image once to find those that cannot be used.
   *
   * @param policy how many there may be
   * @return their ids, ascending
   * @throws DdpmException (data) if there are more, with the reason of the first
   */
  public long[] unusable(BadImagePolicy policy) {
    RowDecoder decoder = new RowDecoder(path, height, width, channels);
    Map<Long, String> faults =
        new TreeMap<>(
            stored().mapToPair(decoder::fault).filter(f -> f._2() != null).collectAsMap());
    if (faults.size() > policy.allowed(images)) {
      throw DdpmException.data(
          "%d of the %d images of the table %s cannot be used, but at most %s may be left out"
              + " (training.max-bad); the first: %s",
          faults.size(), images, path, policy.maxBad(), faults.values().iterator().next());
    }
    return faults.keySet().stream().mapToLong(Long::longValue).toArray();
  }

  private JavaRDD<Row> stored() {
    return table.select(ImageTable.ID, ImageTable.IMAGE, ImageTable.LABEL).toJavaRDD();
  }

  private static Path existing(String path, Configuration configuration) {
    try {
      Path folder = new Path(path);
      if (!folder.getFileSystem(configuration).exists(folder)) {
        throw DdpmException.data("The image table %s does not exist.", path);
      }
      return folder;
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "The image table %s cannot be read: %s.", path, e.getMessage());
    } catch (IllegalArgumentException e) {
      throw DdpmException.data(e, "The image table '%s' is not a path: %s.", path, e.getMessage());
    }
  }

  private static Dataset<Row> load(SparkSession spark, Path folder, String path) {
    refuseDelta(folder, path, spark.sparkContext().hadoopConfiguration());
    spark.conf().set("spark.sql.parquet.columnarReaderBatchSize", READER_BATCH);
    try {
      return spark.read().parquet(LiteralPath.of(path));
    } catch (Exception e) {
      // Spark throws checked exceptions that its Scala signatures do not declare.
      throw DdpmException.data(
          e,
          "The image table %s holds no readable Parquet file: it must be a Parquet folder.%s",
          path,
          ImageTable.remedy(path));
    }
  }

  /** A Delta table's Parquet files include those whose rows were deleted or replaced. */
  private static void refuseDelta(Path folder, String path, Configuration configuration) {
    try {
      if (folder.getFileSystem(configuration).exists(new Path(folder, "_delta_log"))) {
        throw DdpmException.data(
            "The image table %s is a Delta table, but must be a Parquet folder.%s",
            path, ImageTable.remedy(path));
      }
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "The image table %s cannot be read: %s.", path, e.getMessage());
    }
  }

  private static void checkIds(SparkSession spark, Dataset<Row> table, String path, Row summary) {
    long rows = summary.getLong(0);
    if (rows == 0) {
      throw DdpmException.data("The image table %s is empty: at least one image is needed.", path);
    }
    if (summary.getLong(1) != rows) {
      throw DdpmException.data(
          "The image table %s has %d rows without an id: ids must be 0 to %d, each once.%s",
          path, rows - summary.getLong(1), rows - 1, ImageTable.remedy(path));
    }
    if (summary.getLong(2) != 0 || summary.getLong(3) != rows - 1) {
      throw DdpmException.data(
          "The image table %s has %d rows with ids from %d to %d: they must be 0 to %d, each"
              + " once.%s",
          path, rows, summary.getLong(2), summary.getLong(3), rows - 1, ImageTable.remedy(path));
    }
    // N ids whose hashes xor to that of 0..N−1 are these, but for a chance of 2^−64: if one of them
    // occurred twice, another would be missing. This needs no shuffle of ids.
    long expected = spark.range(rows).agg(bit_xor(xxhash64(col("id")))).head().getLong(0);
    if (summary.getLong(4) != expected) {
      Row twice =
          table.groupBy(ImageTable.ID).count().filter("count > 1").orderBy(ImageTable.ID).head();
      throw DdpmException.data(
          "The image table %s has %d rows of id %s: ids must be 0 to %d, each once.%s",
          path, twice.getLong(1), twice.get(0), rows - 1, ImageTable.remedy(path));
    }
  }

  private static void checkSize(String path, Row summary) {
    String[] columns = {ImageTable.HEIGHT, ImageTable.WIDTH, ImageTable.CHANNELS};
    for (int i = 0; i < columns.length; i++) {
      if (summary.isNullAt(5 + 2 * i)
          || summary.getLong(5 + 2 * i) != summary.getLong(6 + 2 * i)
          || summary.getLong(5 + 2 * i) < 1
          || summary.getLong(5 + 2 * i) > Integer.MAX_VALUE) {
        throw DdpmException.data(
            "Column '%s' of the image table %s goes from %s to %s: all images must have one"
                + " size.%s --height HEIGHT --width WIDTH",
            columns[i],
            path,
            summary.get(5 + 2 * i),
            summary.get(6 + 2 * i),
            ImageTable.remedy(path));
      }
    }
    long channels = summary.getLong(9);
    if (channels != 1 && channels != 3 && channels != 4) {
      throw DdpmException.data(
          "The image table %s has images of %d channels: 1 (grey), 3 (RGB) or 4 (RGBA) are"
              + " possible.",
          path, channels);
    }
  }

  private static void checkLabels(String path, Row summary) {
    if (!summary.isNullAt(11)
        && (summary.getLong(11) < Integer.MIN_VALUE || summary.getLong(12) > Integer.MAX_VALUE)) {
      throw DdpmException.data(
          "Column 'label' of the image table %s goes from %d to %d: classes are numbers of 32"
              + " bits.",
          path, summary.getLong(11), summary.getLong(12));
    }
  }

  private static void checkCount(String path, long rows, long described) {
    if (rows != described) {
      throw DdpmException.data(
          "The image table %s has %d rows, but its %s says %d: files are missing or were"
              + " added.",
          path, rows, TableDescription.FILE_NAME, described);
    }
  }
}
