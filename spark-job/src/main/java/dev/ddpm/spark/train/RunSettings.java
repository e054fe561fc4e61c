package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The settings that a run was started with, compared with those it is to go on with. */
final class RunSettings {

  /** Settings that may change when a run goes on: they do not touch what a step computes. */
  private static final List<String> FREE =
      List.of(
          "training.epochs",
          "training.max-rounds",
          "training.checkpoint-every",
          "training.keep-checkpoints",
          "training.max-bad",
          "training.lease-seconds",
          "validation.every",
          "validation.patience",
          "validation.sheet-every",
          "data.table",
          "sampling.");

  private RunSettings() {}

  /**
   * Checks that a run may go on.
   *
   * @param run its folder, for the message
   * @throws DdpmException (user) naming every setting that differs and gives another model
   */
  static void requireSame(String run, ModelDescription stored, ModelDescription wanted) {
    Map<String, String> differing = new TreeMap<>();
    wanted
        .provenance()
        .forEach(
            (key, value) -> {
              String before = stored.provenance().get(key);
              if (FREE.stream().noneMatch(key::startsWith) && !value.equals(before)) {
                differing.put(key, before + " → " + value);
              }
            });
    if (!differing.isEmpty()) {
      throw DdpmException.user(
          "--run = %s: was started with other settings (%s); name a new folder, or set them back.",
          run, String.join(", ", lines(differing)));
    }
  }

  private static List<String> lines(Map<String, String> differing) {
    return differing.entrySet().stream()
        .map(entry -> entry.getKey() + ": " + entry.getValue())
        .toList();
  }
}
