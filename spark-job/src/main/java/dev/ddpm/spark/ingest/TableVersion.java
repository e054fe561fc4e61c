package dev.ddpm.spark.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The version of a Delta or Iceberg table in a folder, found by the table's own files, so that what
 * is read is the same however often it is read, whatever is committed meanwhile.
 */
final class TableVersion {
  static final String DELTA = "delta";
  static final String ICEBERG = "iceberg";

  private static final String DELTA_LOG = "_delta_log";
  private static final Pattern DELTA_COMMIT = Pattern.compile("(\\d{20})\\.json");
  private static final String ICEBERG_METADATA = "metadata";
  private static final String ICEBERG_SUFFIX = ".metadata.json";
  private static final Set<String> DELTA_CHOICES = Set.of("versionasof", "timestampasof");
  private static final Set<String> ICEBERG_CHOICES =
      Set.of("snapshot-id", "as-of-timestamp", "branch", "tag", "end-snapshot-id");

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
          return Map.of("versionAsOf", String.valueOf(newest.getAsLong()));
        }
      }
      if (format.equals(ICEBERG) && !chooses(given, ICEBERG_CHOICES)) {
        OptionalLong current = currentIceberg(files, new Path(folder, ICEBERG_METADATA));
        if (current.isPresent()) {
          return Map.of("snapshot-id", String.valueOf(current.getAsLong()));
        }
      }
      return Map.of();
    } catch (IOException e) {
      throw InputFiles.failed(folder.toString(), e);
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
