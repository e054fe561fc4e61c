package dev.ddpm.spark.evaluate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.spark.dataset.ImageTable;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.io.DamagedFileException;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.io.ParquetSeal;
import dev.ddpm.spark.stored.DrawnClasses;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
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
 * @param origin what made them, by the names of the columns that say so, and {@code settings} of
 *     the sampling by key; empty for an image table
 * @param classNames name of each label; empty if none is told
 */
record ImageSet(
    String option,
    String path,
    ImageTableReader reader,
    long images,
    Map<String, Object> origin,
    List<String> classNames) {

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
        ImageTableReader table = ImageTableReader.open(spark, path);
        return of(option, path, table, count, countOption, Map.of(), table.labelNames());
      }
      JsonNode manifest = complete(folder, option, path);
      requireIntact(folder, option, manifest, configuration);
      ImageTableReader reader =
          ImageTableReader.openSamples(spark, new Path(folder.path(), SAMPLES).toString(), INDEX);
      SortedMap<String, String> settings = new TreeMap<>();
      manifest
          .path("settings")
          .fields()
          .forEachRemaining(setting -> settings.put(setting.getKey(), setting.getValue().asText()));
      List<String> classes = DrawnClasses.stored(settings).names();
      return of(option, path, reader, count, countOption, origin(reader, settings), classes);
    } catch (JsonProcessingException damaged) {
      throw DdpmException.data(
          damaged,
          "%s = %s: its %s is damaged, and says not what should be there.",
          option,
          path,
          MANIFEST);
    } catch (IOException e) {
      throw folder.unusable(e);
    }
  }

  private static ImageSet of(
      String option,
      String path,
      ImageTableReader reader,
      OptionalLong count,
      String countOption,
      Map<String, Object> origin,
      List<String> classNames) {
    long images = count.orElse(reader.images());
    EvaluateJob.requireBetween(
        countOption, images, reader.images(), "those of %s %s".formatted(option, path));
    return new ImageSet(option, path, reader, images, origin, classNames);
  }

  private static JsonNode complete(NamedFolder folder, String option, String path)
      throws IOException {
    JsonNode read;
    try (InputStream in = folder.files().open(new Path(folder.path(), MANIFEST))) {
      read = new JsonMapper().readTree(in);
    }
    if (!read.path("complete").asBoolean()) {
      throw DdpmException.data(
          "%s = %s: holds %s of the images that were asked for, and not all: the same 'sample'"
              + " command draws the rest.",
          option, path, read.path("images"));
    }
    return read;
  }

  private static void requireIntact(
      NamedFolder folder, String option, JsonNode manifest, Configuration configuration)
      throws IOException {
    List<FileStatus> files =
        Arrays.stream(folder.files().listStatus(new Path(folder.path(), SAMPLES)))
            .filter(file -> file.getPath().getName().matches("[^._].*\\.parquet"))
            .toList();
    int wanted = manifest.path("shards").size();
    if (files.size() < wanted) {
      throw DdpmException.data(
          "%s = %s: %d of its %d files of images are gone: the same 'sample' command makes them"
              + " anew.",
          option, folder.path(), wanted - files.size(), wanted);
    }
    Optional<DdpmException> damaged =
        files.stream().parallel().flatMap(file -> fault(file, configuration).stream()).findFirst();
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

  private static Map<String, Object> origin(
      ImageTableReader reader, SortedMap<String, String> settings) {
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
    origin.put("settings", DrawnClasses.withoutNames(settings));
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
