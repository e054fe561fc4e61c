package dev.ddpm.spark.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.spark.dataset.ImageTable;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.io.DamagedFileException;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.io.ParquetSeal;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Images that are compared with others: the first of an image table, or of a folder of samples.
 *
 * @param option that names them
 * @param path the option's value
 * @param reader of the table; ids of samples are their indices
 * @param images how many count, from id 0 on
 * @param origin what made them, by the names of the columns that say so; empty for an image table
 */
record ImageSet(
    String option, String path, ImageTableReader reader, long images, Map<String, Object> origin) {

  private static final String MANIFEST = "manifest.json";
  private static final String SAMPLES = "images";
  private static final String INDEX = "sample_index";
  private static final List<String> ORIGIN =
      List.of("model_hash", "sampler", "steps", "seed", "guidance");

  /** Image table: what stands in the place of a class that is not told. */
  static final int NO_LABEL = -1;

  /**
   * Images of a folder of samples, or else of an image table.
   *
   * @param count how many, from index 0 on; all if absent
   * @param countOption the option that says so
   * @throws DdpmException (data) if the folder is damaged or not complete; (user) if there are
   *     fewer than {@code count}
   */
  static ImageSet open(
      SparkSession spark, String option, String path, OptionalLong count, String countOption) {
    Configuration configuration = spark.sparkContext().hadoopConfiguration();
    NamedFolder folder = NamedFolder.of(option, path, configuration);
    try {
      if (!folder.files().exists(new Path(folder.path(), MANIFEST))) {
        return of(option, path, ImageTableReader.open(spark, path), count, countOption, Map.of());
      }
      requireComplete(folder, path);
      requireIntact(folder, configuration);
    } catch (IOException e) {
      throw folder.unusable(e);
    }
    ImageTableReader reader =
        ImageTableReader.openSamples(spark, new Path(folder.path(), SAMPLES).toString(), INDEX);
    return of(option, path, reader, count, countOption, origin(reader));
  }

  private static ImageSet of(
      String option,
      String path,
      ImageTableReader reader,
      OptionalLong count,
      String countOption,
      Map<String, Object> origin) {
    long images = count.orElse(reader.images());
    EvaluateJob.requireBetween(
        countOption, images, reader.images(), "those of %s %s".formatted(option, path));
    return new ImageSet(option, path, reader, images, origin);
  }

  private static void requireComplete(NamedFolder folder, String path) throws IOException {
    Path manifest = new Path(folder.path(), MANIFEST);
    JsonNode read;
    try (InputStream in = folder.files().open(manifest)) {
      read = new JsonMapper().readTree(in);
    }
    if (!read.path("complete").asBoolean()) {
      throw DdpmException.data(
          "%s = %s: holds %s of the images that were asked for, and not all: the same 'sample'"
              + " command draws the rest.",
          "--samples", path, read.path("images"));
    }
  }

  private static void requireIntact(NamedFolder folder, Configuration configuration)
      throws IOException {
    FileStatus[] files = folder.files().listStatus(new Path(folder.path(), SAMPLES));
    Optional<DdpmException> damaged =
        Arrays.stream(files)
            .parallel()
            .filter(file -> file.getPath().getName().matches("[^._].*\\.parquet"))
            .flatMap(file -> fault(file, configuration).stream())
            .findFirst();
    if (damaged.isPresent()) {
      throw damaged.get();
    }
  }

  private static Optional<DdpmException> fault(FileStatus file, Configuration configuration) {
    try {
      // One of version 0.1 carries no digest.
      ParquetSeal.check(file, configuration);
      return Optional.empty();
    } catch (DamagedFileException e) {
      return Optional.of(
          DdpmException.data(
              e,
              "%s is damaged (%s): the same 'sample' command makes it anew.",
              file.getPath(),
              e.getMessage()));
    } catch (IOException e) {
      return Optional.of(
          DdpmException.environment(e, "%s cannot be read: %s.", file.getPath(), e.getMessage()));
    }
  }

  private static Map<String, Object> origin(ImageTableReader reader) {
    List<String> columns = Arrays.asList(reader.table().columns());
    List<String> told = ORIGIN.stream().filter(columns::contains).toList();
    Map<String, Object> origin = new LinkedHashMap<>();
    if (!told.isEmpty()) {
      Row row =
          reader
              .table()
              .select(told.get(0), told.subList(1, told.size()).toArray(String[]::new))
              .head();
      told.forEach(column -> origin.put(column, row.getAs(column)));
    }
    return origin;
  }

  /**
   * The classes, by the ids of the images; {@link #NO_LABEL} for one without. Empty if no image has
   * one.
   */
  Optional<int[]> labels() {
    List<Row> rows =
        reader
            .table()
            .select("id", ImageTable.LABEL)
            .where("id < " + images + " and label is not null")
            .collectAsList();
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    int[] labels = new int[Math.toIntExact(images)];
    Arrays.fill(labels, NO_LABEL);
    rows.forEach(row -> labels[(int) row.getLong(0)] = row.getInt(1));
    return Optional.of(labels);
  }
}
