package dev.ddpm.spark.compare;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.NamedFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;

/**
 * What a comparison has measured, row by row, in {@value #FILE} of a folder: a comparison that was
 * interrupted goes on with the rows that are missing.
 */
final class ComparisonFolder {
  static final String FILE = "comparison.json";

  private static final StoredFormat FORMAT = StoredFormat.numbered().withDigestSince(1);

  private final NamedFolder folder;
  private final Map<String, String> settings;
  private final List<ComparisonRow> rows = new ArrayList<>();

  /**
   * The content of the file.
   *
   * @param formatVersion version of this document
   * @param settings in which all rows agree
   */
  record Document(int formatVersion, Map<String, String> settings, List<ComparisonRow> rows) {
    Document {
      settings = Collections.unmodifiableMap(new TreeMap<>(settings));
      rows = List.copyOf(rows);
    }
  }

  private ComparisonFolder(NamedFolder folder, Map<String, String> settings) {
    this.folder = folder;
    this.settings = new TreeMap<>(settings);
  }

  /**
   * Opens a folder, which need not exist.
   *
   * @param output its path, as the option has it
   * @param settings what decides the rows, but for their samplers and steps
   * @throws DdpmException (user) if it holds something else, or rows of other settings; (data) if
   *     its file is damaged
   */
  static ComparisonFolder open(
      String output, Map<String, String> settings, Configuration configuration) {
    NamedFolder named = NamedFolder.of("--output", output, configuration);
    var folder = new ComparisonFolder(named, settings);
    try {
      if (!named.store().exists(FILE)) {
        named.requireEmpty().requireWritable();
        return folder;
      }
      folder.read(output);
      return folder;
    } catch (IOException e) {
      throw named.unusable(e);
    }
  }

  private void read(String output) throws IOException {
    byte[] json;
    try (InputStream in = folder.store().open(FILE)) {
      json = in.readAllBytes();
    }
    String location = folder.store().location(FILE);
    byte[] upgraded = FORMAT.upgrade(json, location);
    Document document =
        Json.read(new String(upgraded, StandardCharsets.UTF_8), Document.class, location);
    List<String> differing = new ArrayList<>();
    var keys = new TreeSet<>(settings.keySet());
    keys.addAll(document.settings().keySet());
    for (String key : keys) {
      String before = document.settings().getOrDefault(key, "unset");
      String now = settings.getOrDefault(key, "unset");
      if (!before.equals(now)) {
        differing.add(key + ": " + before + " → " + now);
      }
    }
    if (!differing.isEmpty()) {
      throw DdpmException.user(
          "--output = %s: holds a comparison with other settings (%s); name a new folder, or set"
              + " them back.",
          output, String.join(", ", differing));
    }
    rows.addAll(document.rows());
  }

  /** What was measured of a sampler of a name with a number of steps. */
  Optional<ComparisonRow> find(String sampler, int steps) {
    return rows.stream()
        .filter(row -> row.sampler().equals(sampler) && row.steps() == steps)
        .findFirst();
  }

  /**
   * Keeps a row.
   *
   * @throws DdpmException (environment) if it cannot be written
   */
  void add(ComparisonRow row) {
    rows.add(row);
    byte[] json = FORMAT.write(Json.object(new Document(FORMAT.version(), settings, rows)));
    try {
      folder.store().create(FILE, out -> out.write(json));
    } catch (IOException e) {
      throw folder.unusable(e);
    }
  }
}
