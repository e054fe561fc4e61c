package dev.ddpm.spark.train;

import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.ValidationConfig;
import dev.ddpm.training.LossByTimestep;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What is looked at from time to time while training goes on, and when.
 *
 * @param config when
 * @param validation the held-out images; empty if there are none
 * @param distance that of drawn images to the held-out ones; empty if it is never computed
 * @param sheet the contact sheet
 */
record Watch(
    ValidationConfig config,
    Optional<Validation> validation,
    Optional<DrawnDistance> distance,
    ProgressSheet sheet) {

  /**
   * The loss of the held-out images, if it is due.
   *
   * @param round rounds made so far
   * @param last whether the run ends with it
   */
  Optional<LossByTimestep> validate(long round, boolean last, WireFloats weights) {
    return last || round % config.every() == 0
        ? validation.map(heldOut -> heldOut.of(weights))
        : Optional.empty();
  }

  /**
   * The Fréchet distance of drawn images to the held-out ones, if it is due.
   *
   * @param round rounds made so far
   * @param last whether the run ends with it
   */
  OptionalDouble frechet(long round, boolean last, WireFloats weights) {
    return distance.isPresent() && (last || round % config.frechetEvery() == 0)
        ? OptionalDouble.of(distance.get().of(weights))
        : OptionalDouble.empty();
  }

  /** The contact sheet as a PNG file, if it is due after so many rounds. */
  Optional<byte[]> sheet(long round, WireFloats weights) {
    return config.sheetEvery() > 0 && round % config.sheetEvery() == 0
        ? Optional.of(sheet.of(weights))
        : Optional.empty();
  }
}
