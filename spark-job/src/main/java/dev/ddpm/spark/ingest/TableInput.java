package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Channels;
import dev.ddpm.spark.dataset.LiteralPath;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A foreign table, opened.
 *
 * @param rows all of it
 * @param root what the paths of its files begin with; empty if they have nothing in common
 * @param features what Hugging Face's metadata say
 * @param described what this project's own descriptions say
 * @param remarks how it was read, for the table's description
 */
record TableInput(
    Dataset<Row> rows,
    String root,
    HuggingFaceFeatures features,
    DescribedTables described,
    List<String> remarks) {
  /** A batch of the default 4096 rows of pictures can exceed what a column vector holds (2 GiB). */
  private static final int READER_BATCH = 16;

  /** Spark's option for files of different columns. */
  private static final String MERGES_COLUMNS = "mergeSchema";

  /**
   * Opens a table.
   *
   * @param inputs files, folders, or the name of one table of the catalogue
   * @throws DdpmException (data) if it does not exist or cannot be read; (user) if an option does
   *     not fit; (environment) if Spark lacks the data source
   */
  static TableInput open(SparkSession spark, List<String> inputs, TableOptions options) {
    spark.conf().set("spark.sql.parquet.columnarReaderBatchSize", READER_BATCH);
    spark.conf().set("spark.sql.orc.columnarReaderBatchSize", READER_BATCH);
    InputFiles access = new InputFiles(spark);
    if (options.format().isEmpty() && isInCatalogue(spark, access, inputs)) {
      return ofCatalogue(spark, inputs.get(0), options);
    }
    Optional<String> named = options.format().map(word -> word.toLowerCase(Locale.ROOT));
    if (named.isPresent() && !TableFiles.reads(named.get())) {
      return versioned(spark, access, inputs, options, options.format().orElseThrow());
    }
    List<FileStatus> found =
        inputs.stream().flatMap(input -> access.statusesOf(input).stream()).toList();
    if (named.isEmpty() && found.size() == 1 && found.get(0).isDirectory()) {
      Optional<String> format = TableVersion.format(access, found.get(0).getPath());
      if (format.isPresent()) {
        return versioned(spark, access, inputs, options, format.get());
      }
    }
    return ofFiles(spark, access, found, options, named);
  }

  private static TableInput ofFiles(
      SparkSession spark,
      InputFiles access,
      List<FileStatus> inputs,
      TableOptions options,
      Optional<String> format) {
    TableFiles files = TableFiles.of(access, inputs, format, options.split());
    List<String> remarks = new ArrayList<>();
    remarks.add(files.format());
    remarks.addAll(files.remarks());
    options.read().entrySet().stream()
        .map(option -> option.getKey() + "=" + option.getValue())
        .sorted()
        .forEach(remarks::add);
    HuggingFaceFeatures features =
        files.format().equals(TableFiles.PARQUET)
            ? HuggingFaceFeatures.read(
                spark, files.files(), options.read().containsKey(MERGES_COLUMNS))
            : HuggingFaceFeatures.NONE;
    DescribedTables described = DescribedTables.read(spark, inputs);
    described.remark().ifPresent(remarks::add);
    Map<String, String> all = new HashMap<>(options.read());
    files.partitioned().ifPresent(folder -> all.put("basePath", folder));
    return new TableInput(
        load(spark.read().options(all), files.format(), files.files()),
        root(inputs),
        features.or(described.features()),
        described,
        List.copyOf(remarks));
  }

  private static TableInput versioned(
      SparkSession spark,
      InputFiles access,
      List<String> inputs,
      TableOptions options,
      String format) {
    refuseSplit(options);
    Map<String, String> all = new HashMap<>(options.read());
    String kind = format.toLowerCase(Locale.ROOT);
    if (kind.equals(TableVersion.ICEBERG)) {
      TableVersion.readIcebergByPath(spark);
    }
    if (kind.equals(TableVersion.DELTA) || kind.equals(TableVersion.ICEBERG)) {
      for (String input : inputs) {
        all.putAll(TableVersion.pin(access, new Path(input), kind, options.read()));
      }
    }
    List<String> remarks = new ArrayList<>();
    remarks.add(format);
    new TreeMap<>(all).forEach((key, value) -> remarks.add(key + "=" + value));
    return new TableInput(
        load(spark.read().options(all), format, inputs),
        "",
        HuggingFaceFeatures.NONE,
        DescribedTables.NONE,
        List.copyOf(remarks));
  }

  private static TableInput ofCatalogue(SparkSession spark, String name, TableOptions options) {
    refuseSplit(options);
    try {
      Map<String, String> all = new TreeMap<>(options.read());
      all.putAll(TableVersion.pin(spark, name, options.read()));
      List<String> remarks = new ArrayList<>();
      remarks.add("table of the catalogue");
      all.forEach((key, value) -> remarks.add(key + "=" + value));
      return new TableInput(
          spark.read().options(all).table(name),
          "",
          HuggingFaceFeatures.NONE,
          DescribedTables.NONE,
          List.copyOf(remarks));
    } catch (Exception e) {
      throw unreadable(name, e);
    }
  }

  private static void refuseSplit(TableOptions options) {
    options
        .split()
        .ifPresent(
            split -> {
              throw DdpmException.user(
                  "--split = %s: only the files of Parquet, ORC and Avro are named after splits.",
                  split);
            });
  }

  /**
   * The channels of all images, where the inputs are image tables of this project.
   *
   * @throws DdpmException (data) if an input does not exist
   */
  static Optional<Channels> channels(SparkSession spark, List<String> inputs) {
    InputFiles access = new InputFiles(spark);
    return isInCatalogue(spark, access, inputs)
        ? Optional.empty()
        : DescribedTables.read(
                spark, inputs.stream().flatMap(input -> access.statusesOf(input).stream()).toList())
            .channels();
  }

  /** Whether the input is the name of a table of Spark's catalogue, and no path that exists. */
  static boolean isInCatalogue(SparkSession spark, InputFiles access, List<String> inputs) {
    if (inputs.size() != 1) {
      return false;
    }
    try {
      Path path = new Path(inputs.get(0));
      return !access.fileSystem(path).exists(path) && spark.catalog().tableExists(inputs.get(0));
    } catch (Exception e) {
      // A path that is no name of a table, or the other way round: the other way tells.
      return false;
    }
  }

  private static Dataset<Row> load(DataFrameReader reader, String format, List<String> paths) {
    try {
      return reader
          .format(format)
          .load(paths.stream().map(path -> literal(format, path)).toArray(String[]::new));
    } catch (Exception e) {
      // Spark throws checked exceptions that its Scala signatures do not declare.
      if (String.valueOf(e.getMessage()).contains("DATA_SOURCE_NOT_FOUND")
          || e instanceof ClassNotFoundException
          || String.valueOf(e.getMessage()).contains("Failed to find data source")) {
        throw DdpmException.environment(
            e,
            "--format = %s: Spark has no such data source on its class path; it can be added with"
                + " --conf spark.jars.packages=GROUP:NAME:VERSION.",
            format);
      }
      throw unreadable(String.join(", ", paths), e);
    }
  }

  /** Spark's file sources take a path for a glob; those that are more than files do not. */
  private static String literal(String format, String path) {
    String kind = format.toLowerCase(Locale.ROOT);
    return kind.equals(TableVersion.DELTA) || kind.equals(TableVersion.ICEBERG)
        ? path
        : LiteralPath.of(path);
  }

  private static DdpmException unreadable(String table, Exception cause) {
    return DdpmException.data(
        cause, "The table %s cannot be read: %s.", table, firstSentence(cause));
  }

  /** The first line of what Spark says, without the plan that may follow. */
  static String firstSentence(Exception cause) {
    String message =
        cause instanceof AnalysisException analysis
            ? analysis.getSimpleMessage()
            : String.valueOf(cause.getMessage());
    return message.lines().findFirst().orElse(message).replaceAll("[.\\s]+$", "");
  }

  private static String root(List<FileStatus> inputs) {
    List<String> roots =
        inputs.stream()
            .map(input -> input.isDirectory() ? input.getPath() : input.getPath().getParent())
            .map(Path::toString)
            .distinct()
            .toList();
    return roots.size() == 1 ? roots.get(0) + "/" : "";
  }
}
