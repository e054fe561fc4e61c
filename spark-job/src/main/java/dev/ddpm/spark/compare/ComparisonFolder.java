package dev.ddpm.spark.compare;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.spark.config.Change;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.Lease;
import dev.ddpm.spark.io.NamedFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;

/**
 * What a comparison has measured, row by row, in {@value #FILE} of a folder: a comparison that was
 * interrupted goes on with the rows that are missing.
 */
final class ComparisonFolder implements AutoCloseable {
  static final String FILE = "comparison.json";

  /** After so long without a sign of life another comparison is taken for dead. */
  private static final Duration LEASE_EXPIRY = Duration.ofSeconds(60);

  /** What a message calls the value of a setting that there was not. */
  private static final String UNSET = "unset";

  private static final StoredFormat FORMAT = StoredFormat.numbered().withDigestSince(1);

  private final NamedFolder folder;
  private final Map<String, String> settings;
  private final Lease lease;
  private final List<ComparisonRow> rows;

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

  private ComparisonFolder(
      NamedFolder folder, Map<String, String> settings, Lease lease, List<ComparisonRow> rows) {
    this.folder = folder;
    this.settings = new TreeMap<>(settings);
    this.lease = lease;
    this.rows = new ArrayList<>(rows);
  }

  /**
   * Opens a folder, which need not exist. Until it is closed nobody else can.
   *
   * @param output its path, as the option has it
   * @param settings what decides the rows, but for their samplers and steps
   * @throws DdpmException (user) if it holds something else, or rows of other settings; (data) if
   *     its file is damaged; (environment) if another comparison writes into it
   */
  static ComparisonFolder open(
      String output, Map<String, String> settings, Configuration configuration) {
    NamedFolder named = NamedFolder.of("--output", output, configuration);
    try {
      if (!named.store().exists(FILE)) {
        named.requireEmptyBut(Set.of(Lease.FOLDER)).requireWritable();
      }
      // Nobody waits for a folder that cannot be used.
      rows(named, output, settings);
      Lease lease = Lease.acquire(named.path().toString(), configuration, LEASE_EXPIRY);
      try {
        return new ComparisonFolder(named, settings, lease, rows(named, output, settings));
      } catch (IOException | DdpmException e) {
        lease.close();
        throw e;
      }
    } catch (IOException e) {
      throw named.unusable(e);
    }
  }

  /** What is there; nothing in a new folder. */
  private static List<ComparisonRow> rows(
      NamedFolder folder, String output, Map<String, String> settings) throws IOException {
    if (!folder.store().exists(FILE)) {
      return List.of();
    }
    byte[] json;
    try (InputStream in = folder.store().open(FILE)) {
      json = in.readAllBytes();
    }
    String location = folder.store().location(FILE);
    byte[] upgraded = FORMAT.upgrade(json, location);
    Document document =
        Json.read(new String(upgraded, StandardCharsets.UTF_8), Document.class, location);
    Map<String, String> before = document.settings();
    String differing =
        Change.between(
                before,
                settings,
                key -> before.getOrDefault(key, UNSET),
                key -> settings.getOrDefault(key, UNSET))
            .stream()
            .map(change -> change.key() + ": " + change.values())
            .collect(Collectors.joining(", "));
    if (!differing.isEmpty()) {
      throw DdpmException.user(
          "--output = %s: holds a comparison with other settings (%s); name a new folder, or set"
              + " them back.",
          output, differing);
    }
    return document.rows();
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
   * @throws DdpmException (environment) if it cannot be written, or another comparison has taken
   *     the folder over
   */
  void add(ComparisonRow row) {
    lease.ensureHeld();
    rows.add(row);
    byte[] json = FORMAT.write(Json.object(new Document(FORMAT.version(), settings, rows)));
    try {
      folder.store().create(FILE, out -> out.write(json));
    } catch (IOException e) {
      throw folder.unusable(e);
    }
  }

  /** Leaves the folder to others. */
  @Override
  public void close() {
    lease.close();
  }
}
