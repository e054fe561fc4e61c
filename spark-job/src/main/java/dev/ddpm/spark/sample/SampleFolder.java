package dev.ddpm.spark.sample;

import static java.util.stream.Collectors.toUnmodifiableSet;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.Change;
import dev.ddpm.spark.config.Excerpt;
import dev.ddpm.spark.config.KeyHistory;
import dev.ddpm.spark.io.DamagedFileException;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.stored.DrawnClasses;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The output folder of a sampling job, as its driver sees it. The files of {@code images/} are the
 * truth of what has been drawn; the {@link Manifest} says what was asked for, and sums them up.
 */
final class SampleFolder {
  /** Folders whose files are written once, and never replaced. */
  private static final Set<String> WRITTEN_ONCE =
      Stream.concat(
              Arrays.stream(Export.values()).map(Export::folder),
              Arrays.stream(ShardTable.values()).map(ShardTable::folder))
          .collect(toUnmodifiableSet());

  private static final String GONE = "is gone";
  private static final Logger LOG = LoggerFactory.getLogger(SampleFolder.class);

  /** Another job may be writing now: its files are younger than this. */
  private static final Duration ABANDONED_AFTER = Duration.ofHours(1);

  /** As {@link HadoopFileStore} names what is being written. */
  private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.[0-9a-f]{8}-[0-9a-f-]{27}");

  private final Path folder;
  private final Configuration configuration;
  private final FileSystem files;
  private final HadoopFileStore store;
  private final Map<String, String> settings;
  private final DrawnClasses classes;

  /** Files that this run has checked or written, by their paths within the folder. */
  private final Map<String, Found> intact = new ConcurrentHashMap<>();

  private Manifest manifest;
  private boolean isOfEarlierVersion;

  private SampleFolder(
      Path folder, Configuration configuration, FileSystem files, Map<String, String> settings) {
    this.folder = folder;
    this.configuration = configuration;
    this.files = files;
    this.settings = settings;
    this.classes = DrawnClasses.stored(settings);
    this.store = new HadoopFileStore(folder.toString(), configuration);
  }

  /**
   * Opens a folder, making it if it does not exist.
   *
   * @param settings what decides the images
   * @throws DdpmException (user) if it holds something else than images of these settings
   */
  static SampleFolder open(
      String output, Configuration configuration, Map<String, String> settings) {
    NamedFolder named = NamedFolder.of("--output", output, configuration);
    try {
      var folder = new SampleFolder(named.path(), configuration, named.files(), settings);
      if (!folder.store.exists(Manifest.FILE_NAME)) {
        requireEmpty(named, output);
        byte[] json = json(Manifest.empty(settings));
        // Of two jobs that start at the same time, one makes the manifest and both read it.
        folder.store.createNew(Manifest.FILE_NAME, out -> out.write(json));
      }
      folder.manifest = folder.readManifest();
      folder.requireSame(output);
      if (folder.isOfEarlierVersion) {
        folder.adopt();
      }
      return folder;
    } catch (IOException e) {
      throw named.unusable(e);
    }
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private static void requireEmpty(NamedFolder folder, String output) throws IOException {
    if (folder.list().stream().anyMatch(SampleFolder::isLasting)) {
      throw DdpmException.user(
          "--output = %s: is not empty, and holds no %s to go on with; samples never overwrite"
              + " anything.",
          output, Manifest.FILE_NAME);
    }
  }

  private static boolean isLasting(FileStatus status) {
    return !TEMPORARY.matcher(status.getPath().getName()).matches();
  }

  private Manifest readManifest() throws IOException {
    byte[] json;
    try (InputStream in = store.open(Manifest.FILE_NAME)) {
      json = in.readAllBytes();
    }
    String location = store.location(Manifest.FILE_NAME);
    byte[] upgraded = Manifest.FORMAT.upgrade(json, location);
    isOfEarlierVersion = Manifest.FORMAT.isOlder(json);
    Manifest read =
        Json.read(new String(upgraded, StandardCharsets.UTF_8), Manifest.class, location);
    read.requireSound(location);
    return read;
  }

  /**
   * Files of earlier versions carry no digest: when this version first opens their folder, it
   * checks their content and takes note of their bytes. Those that are damaged are not noted.
   */
  private void adopt() throws IOException {
    Map<String, String> digests = new TreeMap<>();
    for (IndexRange range : manifest.plan().shards(manifest.plan().count())) {
      for (ShardTable table : ShardTable.values()) {
        files(table)
            .adopt(range)
            .ifPresent(digest -> digests.put(files(table).path(range), digest));
      }
    }
    write(manifest.with(digests));
  }

  private void requireSame(String output) {
    String differing =
        Change.between(
                manifest.settings(),
                settings,
                key -> setting(manifest.settings(), key),
                key -> setting(settings, key))
            .stream()
            .map(SampleFolder::line)
            .collect(Collectors.joining(", "));
    if (!differing.isEmpty()) {
      throw DdpmException.user(
          "--output = %s: holds images of other settings (%s); name a new folder, or set them"
              + " back.",
          output, differing);
    }
  }

  private static String line(Change change) {
    String heir = KeyHistory.heir(change.key()).map(" (now %s)"::formatted).orElse("");
    return change.key()
        + heir
        + ": "
        + Excerpt.of(change.before())
        + " → "
        + Excerpt.of(change.now());
  }

  /**
   * A key that is younger than the folder has the value that its absence meant, without the quotes
   * that a configuration has around some words.
   */
  private static String setting(Map<String, String> settings, String key) {
    String value = settings.get(key);
    return value != null
        ? value
        : KeyHistory.absent(key).map(absent -> absent.replace("\"", "")).orElse("unset");
  }

  /** The folder's full path. */
  Path path() {
    return folder;
  }

  /** What was asked for, and what there was when it was last written. */
  Manifest manifest() {
    return manifest;
  }

  /** Files of the folder itself. */
  HadoopFileStore store() {
    return store;
  }

  /** The files of a table in it. */
  ShardFiles files(ShardTable table) {
    return new ShardFiles(folder.toString(), table, content(), configuration);
  }

  /** What the files must be. */
  SampleContent content() {
    return new SampleContent(settings, manifest.digests(), classes);
  }

  /**
   * Asks for images, and writes down how they are cut into files.
   *
   * @param shardSize images per file, for those that were not asked for before
   * @throws DdpmException (user) if they are too many
   */
  ShardPlan ask(long count, long shardSize) {
    ShardPlan plan = manifest.plan().extendedTo(count, shardSize);
    if (!plan.equals(manifest.plan())) {
      plan.requireFewFiles();
      write(manifest.with(plan, manifest.shards(), manifest.sessions()));
    }
    return plan;
  }

  /**
   * Checks every byte of the files that were asked for, but for those that this run has found
   * intact before.
   *
   * @throws DdpmException (data) if there is a file that does not belong here
   */
  Inventory check() {
    Map<String, IndexRange> planned = new HashMap<>();
    for (IndexRange range : manifest.plan().shards(manifest.plan().count())) {
      planned.put(ShardFiles.fileName(range), range);
    }
    List<Inventory.Flaw> flaws = new ArrayList<>();
    Set<IndexRange> traced = new HashSet<>();
    boolean trajectories = ShardTable.frames(settings) > 0;
    if (trajectories) {
      for (Found found : check(ShardTable.TRAJECTORIES, planned)) {
        found.flaw().ifPresentOrElse(flaws::add, () -> traced.add(found.range()));
      }
    }
    List<Shard> intact = new ArrayList<>();
    Set<IndexRange> there = new HashSet<>();
    for (Found found : check(ShardTable.IMAGES, planned)) {
      found.flaw().ifPresent(flaws::add);
      found.shard().ifPresent(shard -> there.add(shard.range()));
      found
          .shard()
          .filter(shard -> !trajectories || traced.contains(shard.range()))
          .ifPresent(intact::add);
    }
    Set<IndexRange> told = new HashSet<>();
    flaws.forEach(flaw -> told.add(flaw.range()));
    for (Shard listed : manifest.shards()) {
      if (!there.contains(listed.range()) && told.add(listed.range())) {
        flaws.add(new Inventory.Flaw(ShardTable.IMAGES, listed.range(), GONE));
      }
      if (trajectories && !traced.contains(listed.range()) && told.add(listed.range())) {
        flaws.add(new Inventory.Flaw(ShardTable.TRAJECTORIES, listed.range(), GONE));
      }
    }
    intact.sort(Comparator.comparingLong(Shard::first));
    return new Inventory(intact, flaws);
  }

  /** A file with its flaw, or with what it holds. */
  private record Found(IndexRange range, Optional<Shard> shard, Optional<Inventory.Flaw> flaw) {}

  private List<Found> check(ShardTable table, Map<String, IndexRange> planned) {
    ShardFiles shards = files(table);
    return shards.list().parallelStream()
        .map(file -> check(table, shards, file, planned.get(file.getPath().getName())))
        .toList();
  }

  private Found check(ShardTable table, ShardFiles shards, FileStatus file, IndexRange range) {
    String path = shards.path(file.getPath().getName());
    Found before = intact.get(path);
    if (before != null && before.shard().stream().allMatch(s -> s.bytes() == file.getLen())) {
      return before;
    }
    try {
      ShardFiles.Checked checked = shards.check(file);
      if (range == null) {
        throw DdpmException.data(
            "%s is none of the files into which this folder is cut: move it away.", file.getPath());
      }
      Optional<Shard> shard =
          table == ShardTable.IMAGES ? Optional.of(shards.shard(checked)) : Optional.empty();
      Found found = new Found(range, shard, Optional.empty());
      intact.put(path, found);
      return found;
    } catch (DamagedFileException e) {
      if (range == null) {
        throw DdpmException.data(
            e, "%s is not a complete Parquet file: %s; move it away.", file.getPath(), reason(e));
      }
      String what = "is damaged (%s)".formatted(reason(e));
      return new Found(
          range, Optional.empty(), Optional.of(new Inventory.Flaw(table, range, what)));
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be read: %s.", file.getPath(), reason(e));
    }
  }

  /**
   * Writes down what was found, if that is not what is written there, and removes what is damaged.
   * So the manifest never says of a folder that it is complete while files of it are missing.
   */
  void settle(Inventory found) {
    if (!found.intact().equals(manifest.shards())) {
      write(manifest.with(manifest.plan(), found.intact(), manifest.sessions()));
    }
    found.flaws().forEach(flaw -> files(flaw.table()).delete(flaw.range()));
  }

  /**
   * Takes note of files that the tasks of this run have written and checked.
   *
   * @return all files of images that are there with all that belongs to them
   */
  List<Shard> add(List<Shard> made) {
    for (Shard shard : made) {
      IndexRange range = shard.range();
      for (ShardTable table : ShardTable.values()) {
        Optional<Shard> held = table == ShardTable.IMAGES ? Optional.of(shard) : Optional.empty();
        intact.put(files(table).path(range), new Found(range, held, Optional.empty()));
      }
    }
    return check().intact();
  }

  /** Writes down which files are there, and the run that added to them. */
  void finish(Manifest.Session session) {
    List<Manifest.Session> sessions = new ArrayList<>(manifest.sessions());
    sessions.add(session);
    write(manifest.with(manifest.plan(), check().intact(), sessions));
  }

  private void write(Manifest next) {
    try {
      byte[] json = json(next);
      store.create(Manifest.FILE_NAME, out -> out.write(json));
      manifest = next;
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be written: %s.", store.location(Manifest.FILE_NAME), reason(e));
    }
  }

  private static byte[] json(Manifest manifest) {
    return Manifest.FORMAT.write(Json.object(manifest));
  }

  /**
   * Removes what killed writers left: files of which there is a complete one by now, and all that
   * has not been written to for long.
   */
  void removeTemporaries() {
    List<Path> folders = new ArrayList<>(List.of(folder));
    for (String name : WRITTEN_ONCE) {
      folders.add(new Path(folder, name));
    }
    int removed = 0;
    for (Path path : folders) {
      removed += removeTemporaries(path);
    }
    if (removed > 0) {
      LOG.info("Removed {} unfinished file(s) of killed writers from {}", removed, folder);
    }
  }

  /** Of two writers of the same file the slower one can do without. */
  private boolean isSuperseded(Path temporary) throws IOException {
    String name = temporary.getName();
    String lasting = name.substring(1, name.lastIndexOf('.'));
    return WRITTEN_ONCE.contains(temporary.getParent().getName())
        && files.exists(new Path(temporary.getParent(), lasting));
  }

  private int removeTemporaries(Path path) {
    int removed = 0;
    long abandonedBefore = System.currentTimeMillis() - ABANDONED_AFTER.toMillis();
    try {
      for (FileStatus status : files.listStatus(path)) {
        if (!isLasting(status)
            && (status.getModificationTime() < abandonedBefore || isSuperseded(status.getPath()))
            && files.delete(status.getPath(), true)) {
          removed++;
        }
      }
    } catch (FileNotFoundException none) {
      return removed;
    } catch (IOException e) {
      LOG.warn("Unfinished files in {} could not be removed: {}", path, reason(e));
    }
    return removed;
  }
}
