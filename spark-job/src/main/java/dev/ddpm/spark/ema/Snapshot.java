package dev.ddpm.spark.ema;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.spark.stored.ProfileSnapshots;
import dev.ddpm.training.KeptProfiles;
import dev.ddpm.training.ProfileMix;
import java.util.List;

/**
 * The averages of a run as they were after a round.
 *
 * @param round number of the round, from 1
 * @param images that the run had been trained on, above 0
 * @param folder with them
 */
record Snapshot(long round, long images, ModelFolder folder) {

  /**
   * Reads what a snapshot says of itself.
   *
   * @param path of it, for messages
   * @throws DdpmException (data) if it has no averages, or does not say of how many images
   */
  static Snapshot of(long round, ModelFolder folder, String path) {
    String images = folder.description().provenance().getOrDefault(ProfileSnapshots.IMAGES, "");
    if (!images.matches("[1-9]\\d{0,17}") || !folder.has(TensorFile.PROFILES)) {
      throw DdpmException.data(
          "%s is damaged: a snapshot has %s, and %s = a whole number, at least 1.",
          path, TensorFile.PROFILES.fileName(), ProfileSnapshots.IMAGES);
    }
    return new Snapshot(round, Long.parseLong(images), folder);
  }

  /** Its averages, in the order in which they are stored. */
  List<ProfileMix.At> moments() {
    return KeptProfiles.PROFILES.stream()
        .map(profile -> new ProfileMix.At(profile, images))
        .toList();
  }
}
