package dev.ddpm.spark.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Lease;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.stored.CheckpointName;
import dev.ddpm.spark.stored.ProfileSnapshots;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The folder of a training run, on any file system. While it is open no other driver writes into
 * it: see {@link Lease}.
 *
 * <ul>
 *   <li>{@code run.json}: the version of all this
 *   <li>{@code checkpoints/round-000123/}: a model folder with everything to go on from
 *   <li>{@code best/round-000123/}: the same, where the held-out images had their smallest loss
 *   <li>{@code profiles/round-000123/}: averages of which others are made after the fact
 *   <li>{@code sheets/round-000123.png}: what the model drew after a round
 *   <li>{@code model/}: the same, at the end
 *   <li>{@code metrics.jsonl}: one {@link RoundReport} a line
 *   <li>{@code loss.png}: the loss curve
 *   <li>{@code .lease/}: who writes here
 * </ul>
 */
final class RunFolder implements AutoCloseable {
  private static final String OPTION = "--run";
  private static final String RUN = "run.json";

  /** Version 0.1 wrote no {@value #RUN}, and nothing else that needs another form. */
  private static final StoredFormat FORMAT =
      StoredFormat.firstUnnumbered(first -> {}, second -> {}).withDigestSince(3);

  private final Path folder;
  private final Configuration configuration;
  private final Checkpoints checkpoints;
  private final Checkpoints best;
  private final Checkpoints profiles;
  private final MetricsFile metrics;
  private final Lease lease;

  private RunFolder(Path folder, FileSystem files, Configuration configuration, Lease lease) {
    this.folder = folder;
    this.configuration = configuration;
    this.checkpoints = new Checkpoints(checkpoints(folder), files, configuration);
    this.best = new Checkpoints(new Path(folder, "best"), files, configuration);
    this.profiles =
        new Checkpoints(new Path(folder, ProfileSnapshots.FOLDER), files, configuration);
    this.metrics = new MetricsFile(store(folder));
    this.lease = lease;
  }

  /**
   * Opens a folder, creating it if it does not exist.
   *
   * @param leaseExpiry time without a sign of life after which another driver is taken for dead
   * @throws DdpmException (user) if it holds something else than a training run; (data) if a newer
   *     version of this program wrote it; (environment) if it cannot be written, or another driver
   *     writes into it
   */
  static RunFolder open(String run, Configuration configuration, Duration leaseExpiry) {
    NamedFolder named = NamedFolder.of(OPTION, run, configuration);
    FileSystem files = named.files();
    Path folder = named.path();
    try {
      if (files.exists(folder) && !isRun(files, folder)) {
        throw DdpmException.user(
            "--run = %s: exists, but is no folder of a training run; name a new folder.", run);
      }
      HadoopFileStore store = named.store();
      requireVersion(store);
      files.mkdirs(checkpoints(folder));
      Lease lease = Lease.acquire(folder.toString(), configuration, leaseExpiry);
      writeVersion(store);
      RunFolder opened = new RunFolder(folder, files, configuration, lease);
      opened.removeTemporaries();
      return opened;
    } catch (IOException e) {
      throw named.unusable(e);
    }
  }

  /** Of drivers that were killed while they wrote. */
  private void removeTemporaries() throws IOException {
    for (Path written : List.of(folder, model(), sheets())) {
      store(written).removeTemporaries();
    }
    checkpoints.removeTemporaries();
    best.removeTemporaries();
    profiles.removeTemporaries();
  }

  private static void requireVersion(HadoopFileStore store) throws IOException {
    if (store.exists(RUN)) {
      try (InputStream in = store.open(RUN)) {
        FORMAT.upgrade(in.readAllBytes(), store.location(RUN));
      }
    }
  }

  private static void writeVersion(HadoopFileStore store) throws IOException {
    byte[] json = FORMAT.write(JsonNodeFactory.instance.objectNode());
    store.create(RUN, out -> out.write(json));
  }

  /**
   * Whether a folder, which need not exist, has checkpoints, complete or not. Writes nothing.
   *
   * @throws DdpmException (user) if {@code resume} rules out what there is; (user, environment) if
   *     that cannot be told
   */
  static boolean hasCheckpoints(String run, Resume resume, Configuration configuration) {
    NamedFolder named = NamedFolder.of(OPTION, run, configuration);
    boolean exist =
        new Checkpoints(checkpoints(named.path()), named.files(), configuration).exist();
    if (resume == Resume.NEVER && exist) {
      throw DdpmException.user(
          "--resume = never, but --run = %s has checkpoints; name a new folder.", run);
    }
    if (resume == Resume.REQUIRE && !exist) {
      throw noCheckpoint(run);
    }
    return exist;
  }

  private static DdpmException noCheckpoint(String run) {
    return DdpmException.user(
        "--resume = require, but --run = %s has no complete checkpoint.", run);
  }

  /** A new folder is empty; one of a run has checkpoints. */
  private static boolean isRun(FileSystem files, Path folder) throws IOException {
    return files.getFileStatus(folder).isDirectory()
        && (files.listStatus(folder).length == 0 || files.exists(checkpoints(folder)));
  }

  private static Path checkpoints(Path folder) {
    return new Path(folder, "checkpoints");
  }

  private HadoopFileStore store(Path path) {
    return new HadoopFileStore(path.toString(), configuration);
  }

  private Path sheets() {
    return new Path(folder, "sheets");
  }

  /** The model folder that a finished run leaves. */
  Path model() {
    return new Path(folder, "model");
  }

  /**
   * What to go on from: the newest complete checkpoint.
   *
   * @throws DdpmException (user) if there is none and {@code resume} asks for one; (data) as {@link
   *     Checkpoints#newest} does
   */
  Optional<Checkpoints.Stored> resume(Resume resume) {
    Optional<Checkpoints.Stored> newest = checkpoints.newest();
    if (resume == Resume.REQUIRE && newest.isEmpty()) {
      throw noCheckpoint(folder.toString());
    }
    return newest;
  }

  /** The reports of earlier rounds, up to one. */
  List<RoundReport> reportsUpTo(long round) {
    return metrics.upTo(round);
  }

  /** Writes a checkpoint, then removes all but the newest few. */
  void write(Checkpoint checkpoint, ModelDescription description, int keep) {
    lease.ensureHeld();
    checkpoints.write(checkpoint, description, keep);
  }

  /** Writes metrics and loss curve of a model with this description. */
  void write(List<RoundReport> reports, ModelDescription description) {
    lease.ensureHeld();
    metrics.write(reports, description.prediction());
  }

  /** Writes a checkpoint as the best one, and removes the one that was. */
  void writeBest(Checkpoint checkpoint, ModelDescription description) {
    lease.ensureHeld();
    best.write(checkpoint.asModel(), description, 1);
  }

  /**
   * Writes a snapshot of the averages, then removes those that are not kept any more.
   *
   * @param images that the run has been trained on
   */
  void writeSnapshot(Checkpoint checkpoint, ModelDescription description, long images) {
    lease.ensureHeld();
    profiles.writeSnapshot(checkpoint, description, images);
  }

  /** Writes the contact sheet of a round. */
  void writeSheet(long round, byte[] png) {
    lease.ensureHeld();
    String name = CheckpointName.of(round) + ".png";
    HadoopFileStore sheets = store(sheets());
    try {
      sheets.create(name, out -> out.write(png));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be written: %s.", sheets.location(name), e.getMessage());
    }
  }

  /** Whether the final model is there already, as it is after so many rounds. */
  boolean hasModelOf(long rounds) {
    try {
      return ModelFolder.open(store(model()))
          .training()
          .filter(training -> training.round() == rounds)
          .isPresent();
    } catch (DdpmException absentOrDamaged) {
      return false;
    }
  }

  /** Writes the final model. */
  void writeModel(Checkpoint checkpoint, ModelDescription description) {
    lease.ensureHeld();
    checkpoint.asModel().write(store(model()), description);
  }

  @Override
  public void close() {
    lease.close();
  }
}
