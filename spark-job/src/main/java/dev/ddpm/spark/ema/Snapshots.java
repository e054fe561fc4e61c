package dev.ddpm.spark.ema;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.stored.CheckpointName;
import dev.ddpm.spark.stored.ProfileSnapshots;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * The snapshots of a run's averages. One that was not written to the end counts as missing.
 *
 * @param folder they are in
 * @param all by their rounds, each at a later moment than the one before; at least one
 * @param missing rounds up to the last that should have one
 */
record Snapshots(Path folder, List<Snapshot> all, List<Long> missing) {

  /**
   * Looks for those of a run.
   *
   * @param run path of the run folder
   * @throws DdpmException (user) if there are none; (data) if one is damaged
   */
  static Snapshots of(String run, Configuration configuration) {
    NamedFolder named = NamedFolder.of("--run", run, configuration);
    Path folder = new Path(named.path(), ProfileSnapshots.FOLDER);
    List<Snapshot> all = new ArrayList<>();
    for (long round : rounds(named, folder)) {
      String path = folder + "/" + CheckpointName.of(round);
      var store = new HadoopFileStore(path, configuration);
      if (ModelFolder.isDescribed(store)) {
        add(all, Snapshot.of(round, ModelFolder.open(store), path), path);
      }
    }
    if (all.isEmpty()) {
      throw DdpmException.user(
          "--run = %s: has no snapshots of averages; a run keeps them with training.ema-profiles ="
              + " true, from its beginning on.",
          run);
    }
    long last = all.get(all.size() - 1).round();
    List<Long> there = all.stream().map(Snapshot::round).toList();
    List<Long> missing =
        LongStream.rangeClosed(1, last)
            .filter(round -> ProfileSnapshots.isKept(round, last))
            .filter(round -> !there.contains(round))
            .boxed()
            .toList();
    return new Snapshots(folder, all, missing);
  }

  private static void add(List<Snapshot> all, Snapshot next, String path) {
    if (!all.isEmpty() && all.get(all.size() - 1).images() >= next.images()) {
      throw DdpmException.data(
          "%s is damaged: %s = %d is not more than that of the snapshot before.",
          path, ProfileSnapshots.IMAGES, next.images());
    }
    all.add(next);
  }

  private static List<Long> rounds(NamedFolder run, Path folder) {
    try {
      return Arrays.stream(run.files().listStatus(folder))
          .map(FileStatus::getPath)
          .flatMapToLong(path -> CheckpointName.round(path.getName()).stream())
          .sorted()
          .boxed()
          .toList();
    } catch (FileNotFoundException none) {
      return List.of();
    } catch (IOException e) {
      throw run.unusable(e);
    }
  }
}
