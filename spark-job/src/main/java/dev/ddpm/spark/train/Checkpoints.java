package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.stored.CheckpointName;
import dev.ddpm.spark.stored.ProfileSnapshots;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run, in folders {@code round-000123} of one folder. Each is complete or
 * recognised as incomplete by its checksums.
 */
final class Checkpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

  private final Path folder;
  private final FileSystem files;
  private final Configuration configuration;

  /**
   * The checkpoints of a folder.
   *
   * @param folder qualified path; made when the first checkpoint is written
   */
  Checkpoints(Path folder, FileSystem files, Configuration configuration) {
    this.folder = folder;
    this.files = files;
    this.configuration = configuration;
  }

  /** A checkpoint and the model it is of. */
  record Stored(ModelDescription description, Checkpoint checkpoint) {

    /** The same for a run that goes on with other settings that are free. */
    Stored describedBy(ModelDescription wanted) {
      return new Stored(StartingModel.goingOn(wanted, description), checkpoint);
    }
  }

  /** Whether there is any, complete or not. */
  boolean exist() {
    return !newestFirst().isEmpty();
  }

  /**
   * The newest that is complete; incomplete and damaged ones are passed over with a warning.
   *
   * @throws DdpmException (data) if a newer version of this program wrote one that would be passed
   *     over: the run would go on from an older round, or from the beginning; or if none of those
   *     that were written to the end can be used
   */
  Optional<Stored> newest() {
    Optional<DdpmException> unusable = Optional.empty();
    for (Path path : newestFirst()) {
      HadoopFileStore store = store(path);
      try {
        ModelFolder stored = ModelFolder.open(store);
        return Optional.of(new Stored(stored.description(), Checkpoint.read(stored)));
      } catch (DdpmException damaged) {
        if (ModelFolder.isNewer(store)) {
          throw damaged;
        }
        if (unusable.isEmpty() && ModelFolder.isDescribed(store)) {
          unusable = Optional.of(damaged);
        }
        LOG.warn("Checkpoint {} is skipped: {}", path, damaged.getMessage());
      }
    }
    if (unusable.isPresent()) {
      throw DdpmException.data(
          unusable.get(),
          "No checkpoint in %s can be used, and the run would begin anew. Name a new folder, or"
              + " bring an intact checkpoint back. The newest: %s",
          folder,
          unusable.get().getMessage());
    }
    return Optional.empty();
  }

  /**
   * Writes one, then removes all but the newest few up to it. Later ones can only be damaged ones
   * that the run has gone on without: they must not push good ones out, and are overwritten when
   * their round comes.
   */
  void write(Checkpoint checkpoint, ModelDescription description, int keep) {
    long round = checkpoint.training().round();
    checkpoint.write(store(new Path(folder, CheckpointName.of(round))), description);
    List<Path> all = newestFirst().stream().filter(path -> round(path) <= round).toList();
    remove(all.subList(Math.min(keep, all.size()), all.size()));
  }

  /**
   * Writes a snapshot of the averages, then removes those that are not kept any more.
   *
   * @param images that the run has been trained on
   */
  void writeSnapshot(Checkpoint checkpoint, ModelDescription description, long images) {
    long round = checkpoint.training().round();
    checkpoint.writeSnapshot(
        store(new Path(folder, CheckpointName.of(round))), description, images);
    remove(
        newestFirst().stream()
            .filter(path -> round(path) < round && !ProfileSnapshots.isKept(round(path), round))
            .toList());
  }

  private void remove(List<Path> old) {
    try {
      for (Path path : old) {
        files.delete(path, true);
      }
    } catch (IOException e) {
      LOG.warn("Old checkpoints could not be removed: {}", e.getMessage());
    }
  }

  /** Removes files that killed drivers have left. */
  void removeTemporaries() throws IOException {
    for (Path path : newestFirst()) {
      store(path).removeTemporaries();
    }
  }

  private HadoopFileStore store(Path path) {
    return new HadoopFileStore(path.toString(), configuration);
  }

  private List<Path> newestFirst() {
    try {
      if (!files.exists(folder)) {
        return List.of();
      }
      return Arrays.stream(files.listStatus(folder))
          .map(FileStatus::getPath)
          .filter(path -> CheckpointName.round(path.getName()).isPresent())
          .sorted(Comparator.comparingLong(Checkpoints::round).reversed())
          .toList();
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be listed: %s.", folder, e.getMessage());
    }
  }

  private static long round(Path path) {
    return CheckpointName.round(path.getName()).orElseThrow();
  }
}
