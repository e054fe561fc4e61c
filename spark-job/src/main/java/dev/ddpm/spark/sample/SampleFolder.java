package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.KeyHistory;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
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
  private static final Logger LOG = LoggerFactory.getLogger(SampleFolder.class);

  /** Another job may be writing now: its files are younger than this. */
  private static final Duration ABANDONED_AFTER = Duration.ofHours(1);

  /** As {@link HadoopFileStore} names what is being written. */
  private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.[0-9a-f]{8}-[0-9a-f-]{27}");

  private final Path folder;
  private final Configuration configuration;
  private final FileSystem files;
  private final HadoopFileStore store;
  private Manifest manifest;

  private SampleFolder(Path folder, Configuration configuration, FileSystem files) {
    this.folder = folder;
    this.configuration = configuration;
    this.files = files;
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
    try {
      Path path = new Path(output);
      FileSystem files = path.getFileSystem(configuration);
      SampleFolder folder = new SampleFolder(files.makeQualified(path), configuration, files);
      if (!folder.store.exists(Manifest.FILE_NAME)) {
        folder.requireEmpty(output);
        byte[] json = json(Manifest.empty(settings));
        // Of two jobs that start at the same time, one makes the manifest and both read it.
        folder.store.createNew(Manifest.FILE_NAME, out -> out.write(json));
      }
      folder.manifest = folder.readManifest();
      folder.requireSame(output, settings);
      return folder;
    } catch (IOException e) {
      throw DdpmException.environment(e, "--output = %s: cannot be used: %s.", output, reason(e));
    } catch (IllegalArgumentException e) {
      throw DdpmException.user("--output = '%s': is not a path: %s.", output, e.getMessage());
    }
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private void requireEmpty(String output) throws IOException {
    FileStatus[] there;
    try {
      there = files.listStatus(folder);
    } catch (FileNotFoundException none) {
      return;
    }
    if (Arrays.stream(there).anyMatch(SampleFolder::isLasting)) {
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
    return Json.read(new String(upgraded, StandardCharsets.UTF_8), Manifest.class, location);
  }

  private void requireSame(String output, Map<String, String> settings) {
    List<String> differing = new ArrayList<>();
    var keys = new TreeSet<>(settings.keySet());
    keys.addAll(manifest.settings().keySet());
    for (String key : keys) {
      String before = setting(manifest.settings(), key);
      String now = setting(settings, key);
      if (!before.equals(now)) {
        differing.add(key + ": " + before + " → " + now);
      }
    }
    if (!differing.isEmpty()) {
      throw DdpmException.user(
          "--output = %s: holds images of other settings (%s); name a new folder, or set them"
              + " back.",
          output, String.join(", ", differing));
    }
  }

  /** A key that is younger than the folder has the value that its absence meant. */
  private static String setting(Map<String, String> settings, String key) {
    String value = settings.get(key);
    return value != null ? value : KeyHistory.absent(key).orElse("unset");
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

  /** A folder of Parquet files in it. */
  ShardFiles shards(String name) {
    return new ShardFiles(folder.toString(), name, configuration);
  }

  /**
   * Asks for images, and writes down how they are cut into files.
   *
   * @param shardSize images per file, for those that were not asked for before
   */
  ShardPlan ask(long count, long shardSize) {
    ShardPlan plan = manifest.plan().extendedTo(count, shardSize);
    if (!plan.equals(manifest.plan())) {
      write(manifest.with(plan, manifest.shards(), manifest.sessions()));
    }
    return plan;
  }

  /**
   * The complete files of images, by their first index.
   *
   * @throws DdpmException (data) if one is damaged or of another job
   */
  List<Shard> committed() {
    ShardFiles images = shards(ShardFiles.IMAGES);
    Map<String, Shard> listed = new HashMap<>();
    manifest.shards().forEach(shard -> listed.put(shard.file(), shard));
    List<Shard> committed = new ArrayList<>();
    for (FileStatus status : images.list()) {
      Shard known = listed.remove(ShardFiles.IMAGES + "/" + status.getPath().getName());
      // Of another length it may be one that was drawn again; its footer tells, if it is whole.
      boolean asListed = known != null && known.bytes() == status.getLen();
      committed.add(asListed ? known : images.read(status, manifest.settings()));
    }
    listed
        .keySet()
        .forEach(missing -> LOG.warn("{}/{} is gone: its images are drawn again", folder, missing));
    committed.sort(Comparator.comparingLong(Shard::first));
    for (int i = 1; i < committed.size(); i++) {
      if (committed.get(i).first() < committed.get(i - 1).range().end()) {
        throw DdpmException.data(
            "%s and %s in %s hold the same images: move one of them away.",
            committed.get(i - 1).file(), committed.get(i).file(), folder);
      }
    }
    return committed;
  }

  /** Writes down which files are there, and the run that added to them. */
  void finish(Manifest.Session session) {
    List<Manifest.Session> sessions = new ArrayList<>(manifest.sessions());
    sessions.add(session);
    write(manifest.with(manifest.plan(), committed(), sessions));
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
    return (Json.write(manifest) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Removes what killed writers left: what has not been written to for long. */
  void removeTemporaries() {
    List<Path> folders = new ArrayList<>(List.of(folder));
    for (String name : List.of(ShardFiles.IMAGES, ShardFiles.TRAJECTORIES)) {
      folders.add(new Path(folder, name));
    }
    for (Export export : Export.values()) {
      folders.add(new Path(folder, export.folder()));
    }
    int removed = 0;
    for (Path path : folders) {
      removed += removeTemporaries(path);
    }
    if (removed > 0) {
      LOG.info("Removed {} unfinished file(s) of killed writers from {}", removed, folder);
    }
  }

  private int removeTemporaries(Path path) {
    int removed = 0;
    long abandonedBefore = System.currentTimeMillis() - ABANDONED_AFTER.toMillis();
    try {
      for (FileStatus status : files.listStatus(path)) {
        if (!isLasting(status)
            && status.getModificationTime() < abandonedBefore
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
