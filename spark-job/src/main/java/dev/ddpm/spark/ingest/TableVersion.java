package dev.ddpm.spark.ingest;

import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The version of a Delta or Iceberg table, found by the files of one in a folder, and asked for of
 * one in a catalogue, so that what is read is the same however often it is read, whatever is
 * committed meanwhile.
 */
final class TableVersion {
  static final String DELTA = "delta";
  static final String ICEBERG = "iceberg";

  private static final String DELTA_OPTION = "versionAsOf";
  private static final String ICEBERG_OPTION = "snapshot-id";
  private static final String DELTA_LOG = "_delta_log";
  private static final Pattern DELTA_COMMIT = Pattern.compile("(\\d{20})\\.json");
  private static final String ICEBERG_METADATA = "metadata";
  private static final String ICEBERG_SUFFIX = ".metadata.json";
  private static final Set<String> DELTA_CHOICES = Set.of("versionasof", "timestampasof");
  private static final Set<String> ICEBERG_CHOICES =
      Set.of(ICEBERG_OPTION, "as-of-timestamp", "branch", "tag", "end-snapshot-id");

  private TableVersion() {}

  /** The format of a folder that is a table of one of these, else nothing. */
  static Optional<String> format(InputFiles access, Path folder) {
    try {
      FileSystem files = access.fileSystem(folder);
      if (isFolder(files, new Path(folder, DELTA_LOG))) {
        return Optional.of(DELTA);
      }
      Path metadata = new Path(folder, ICEBERG_METADATA);
      boolean iceberg =
          isFolder(files, metadata)
              && Arrays.stream(files.listStatus(metadata))
                  .anyMatch(file -> file.getPath().getName().endsWith(ICEBERG_SUFFIX));
      return iceberg ? Optional.of(ICEBERG) : Optional.empty();
    } catch (IOException e) {
      throw InputFiles.failed(folder.toString(), e);
    }
  }

  /** Whether this lies in a folder of such a table, and tells its versions. */
  static boolean isPartOfVersions(Path path) {
    return path.getName().equals(DELTA_LOG)
        || (path.getName().endsWith(ICEBERG_SUFFIX)
            && path.getParent().getName().equals(ICEBERG_METADATA));
  }

  /** The table of what {@link #isPartOfVersions} knows. */
  static Path tableOf(Path part) {
    return part.getName().equals(DELTA_LOG) ? part.getParent() : part.getParent().getParent();
  }

  /**
   * The read option that pins the newest version.
   *
   * @param given the user's options: one that chooses a version stays the only one
   * @return at most one option; none where the version is not to be seen
   */
  static Map<String, String> pin(
      InputFiles access, Path folder, String format, Map<String, String> given) {
    try {
      FileSystem files = access.fileSystem(folder);
      if (format.equals(DELTA) && !chooses(given, DELTA_CHOICES)) {
        OptionalLong newest = newestDelta(files, new Path(folder, DELTA_LOG));
        if (newest.isPresent()) {
          return Map.of(DELTA_OPTION, String.valueOf(newest.getAsLong()));
        }
      }
      if (format.equals(ICEBERG) && !chooses(given, ICEBERG_CHOICES)) {
        OptionalLong current = currentIceberg(files, new Path(folder, ICEBERG_METADATA));
        if (current.isPresent()) {
          return Map.of(ICEBERG_OPTION, String.valueOf(current.getAsLong()));
        }
      }
      return Map.of();
    } catch (IOException e) {
      throw InputFiles.failed(folder.toString(), e);
    }
  }

  /**
   * The read option that pins the newest version of a table of the catalogue.
   *
   * @param name of the table, quoted as SQL asks
   * @param given the user's options: one that chooses a version stays the only one
   * @return at most one option; none where the table has no versions
   */
  static Map<String, String> pin(SparkSession spark, String name, Map<String, String> given) {
    String provider =
        first(
                spark
                    .sql("DESCRIBE TABLE EXTENDED " + name)
                    .where(col("col_name").equalTo("Provider"))
                    .select("data_type"))
            .map(row -> row.getString(0).toLowerCase(Locale.ROOT))
            .orElse("");
    if (provider.equals(DELTA) && !chooses(given, DELTA_CHOICES)) {
      return first(spark.sql("DESCRIBE HISTORY " + name + " LIMIT 1").select("version"))
          .map(row -> Map.of(DELTA_OPTION, String.valueOf(row.getLong(0))))
          .orElse(Map.of());
    }
    if (provider.equals(ICEBERG) && !chooses(given, ICEBERG_CHOICES)) {
      // A table without any commit has no branch yet.
      return first(spark.table(name + ".refs").where("name = 'main'").select("snapshot_id"))
          .map(row -> Map.of(ICEBERG_OPTION, String.valueOf(row.getLong(0))))
          .orElse(Map.of());
    }
    return Map.of();
  }

  private static Optional<Row> first(Dataset<Row> rows) {
    return rows.takeAsList(1).stream().findFirst();
  }

  /**
   * Lets Iceberg read tables by their paths: its source looks them up in a catalogue of this name,
   * which would be Hive's, unless the user has set another.
   */
  static void readIcebergByPath(SparkSession spark) {
    String catalogue = "spark.sql.catalog.default_iceberg";
    if (spark.conf().getOption(catalogue).isEmpty()) {
      spark.conf().set(catalogue, "org.apache.iceberg.spark.SparkCatalog");
      spark.conf().set(catalogue + ".type", "hadoop");
      // Asked for, but paths of tables do not depend on it.
      spark.conf().set(catalogue + ".warehouse", "iceberg-warehouse");
    }
  }

  private static boolean chooses(Map<String, String> given, Set<String> choices) {
    return given.keySet().stream()
        .anyMatch(key -> choices.stream().anyMatch(choice -> choice.equalsIgnoreCase(key)));
  }

  private static OptionalLong newestDelta(FileSystem files, Path log) throws IOException {
    if (!isFolder(files, log)) {
      return OptionalLong.empty();
    }
    return Arrays.stream(files.listStatus(log))
        .map(file -> DELTA_COMMIT.matcher(file.getPath().getName()))
        .filter(Matcher::matches)
        .mapToLong(name -> Long.parseLong(name.group(1)))
        .max();
  }

  /** A table without a hint is known to its catalogue only, which says what is current. */
  private static OptionalLong currentIceberg(FileSystem files, Path metadata) throws IOException {
    Path hint = new Path(metadata, "version-hint.text");
    if (!files.exists(hint)) {
      return OptionalLong.empty();
    }
    String version = text(files, hint).strip();
    JsonNode current =
        new JsonMapper()
            .readTree(text(files, new Path(metadata, "v" + version + ICEBERG_SUFFIX)))
            .path("current-snapshot-id");
    return current.isIntegralNumber() && current.longValue() >= 0
        ? OptionalLong.of(current.longValue())
        : OptionalLong.empty();
  }

  private static String text(FileSystem files, Path file) throws IOException {
    try (InputStream in = files.open(file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static boolean isFolder(FileSystem files, Path path) throws IOException {
    try {
      FileStatus status = files.getFileStatus(path);
      return status.isDirectory();
    } catch (FileNotFoundException e) {
      return false;
    }
  }
}
