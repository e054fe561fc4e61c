package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.spark.config.Change;
import dev.ddpm.spark.config.KeyHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The settings that a run was started with, compared with those it is to go on with. A key that is
 * younger than the run has the value that its absence meant.
 */
final class RunSettings {
  /** Provenance: identity of the images that the run is trained on. */
  static final String FINGERPRINT = "data.fingerprint";

  /** Provenance: identity of their labels, if the model is to know them. */
  static final String LABELS_FINGERPRINT = "data.labels-fingerprint";

  /** Provenance: path of the image table. */
  static final String TABLE = "data.table";

  /** Provenance: number of images in the table. */
  static final String IMAGES = "data.images";

  /** Provenance: steps over which the learning rate falls, as they have come out. */
  static final String DECAY_STEPS = "training.decay-steps";

  private static final String SCHEDULE = "training.schedule";

  /** Provenance: parts that batches are computed in, as memory has demanded. */
  static final String ACCUMULATE = "training.accumulate";

  /** Provenance: whether blocks recompute, as memory has demanded. */
  static final String RECOMPUTE = "training.recompute";

  /**
   * Settings that may change when a run goes on: they do not touch what a step computes, or its
   * rounding alone.
   */
  private static final List<String> FREE =
      List.of(
          ACCUMULATE,
          RECOMPUTE,
          "training.epochs",
          "training.max-rounds",
          "training.checkpoint-every",
          "training.keep-checkpoints",
          "training.max-bad",
          "training.max-bad-rounds",
          "training.lease-seconds",
          "validation.every",
          "validation.patience",
          "validation.sheet-every",
          "validation.frechet-every",
          "validation.best-by",
          TABLE,
          "sampling.");

  /** Free settings that move the end of a learning rate that falls over all steps of the run. */
  private static final List<String> LENGTH =
      List.of("training.epochs", "training.max-rounds", "training.max-bad");

  /** Settings that decide how many steps an epoch has, or whether a rate falls at all. */
  private static final Set<String> STEPS =
      Set.of(
          SCHEDULE,
          "training.averaging-frequency",
          "training.batch-size",
          "training.workers",
          "validation.fraction",
          IMAGES);

  private final String run;
  private final Map<String, String> stored;
  private final Map<String, String> wanted;
  private final boolean decayStepsAreSet;

  private RunSettings(
      String run,
      Map<String, String> stored,
      Map<String, String> wanted,
      boolean decayStepsAreSet) {
    this.run = run;
    this.stored = stored;
    this.wanted = wanted;
    this.decayStepsAreSet = decayStepsAreSet;
  }

  /**
   * Checks that a run may go on.
   *
   * @param run its folder, for the message
   * @param decayStepsAreSet whether {@value #DECAY_STEPS} is configured, and does not follow from
   *     the length of the run
   * @throws DdpmException (user) naming every setting that differs and gives another model
   */
  static void requireSame(
      String run, ModelDescription stored, ModelDescription wanted, boolean decayStepsAreSet) {
    new RunSettings(run, stored.provenance(), wanted.provenance(), decayStepsAreSet).check();
  }

  private void check() {
    if (begunFromModel(wanted) && !begunFromModel(stored)) {
      throw DdpmException.user(
          "--run = %s: was not begun from a model, and --from begins a new run; leave --from out,"
              + " or name a new folder.",
          run);
    }
    Map<String, String> differing = new TreeMap<>();
    for (Change change : Change.between(stored, wanted, this::before, this::now)) {
      if (!isFree(change.key())) {
        differing.put(change.key(), change.values());
      }
    }
    if (differing.containsKey(DECAY_STEPS) && !decayStepsAreSet) {
      tellOfDecaySteps(differing);
    }
    boolean otherImages = differing.keySet().removeAll(Set.of(FINGERPRINT, IMAGES));
    if (!differing.isEmpty()) {
      throw DdpmException.user(
          "--run = %s: was started with other settings (%s); name a new folder, or set them back.",
          run, String.join(", ", lines(differing)));
    }
    if (otherImages) {
      throw otherImages(run, stored, wanted);
    }
  }

  /**
   * What to say of a run that is to go on with another table.
   *
   * @param stored provenance of the run, with the fingerprint of its images where that is known
   * @param wanted that of the run as it is to go on
   */
  static DdpmException otherImages(
      String run, Map<String, String> stored, Map<String, String> wanted) {
    return DdpmException.user(
        "--run = %s: was started on other images: %s, and not %s; name the table of those images,"
            + " or a new folder.",
        run, images(stored), images(wanted));
  }

  private static String images(Map<String, String> provenance) {
    String table = "%s (%s images)".formatted(provenance.get(TABLE), provenance.get(IMAGES));
    String fingerprint = provenance.get(FINGERPRINT);
    return fingerprint == null ? table : table + " with the fingerprint " + fingerprint;
  }

  /**
   * How many steps a rate falls over has followed from other settings: told is what was changed,
   * not what came of it.
   */
  private void tellOfDecaySteps(Map<String, String> differing) {
    Map<String, String> length = new TreeMap<>();
    for (String key : LENGTH) {
      if (!before(key).equals(now(key))) {
        length.put(key, before(key) + " → " + now(key));
      }
    }
    if (differing.keySet().stream().anyMatch(STEPS::contains)) {
      differing.remove(DECAY_STEPS);
    } else if (!length.isEmpty() && differing.size() > 1) {
      differing.remove(DECAY_STEPS);
      differing.putAll(length);
    } else if (!length.isEmpty()) {
      throw DdpmException.user(
          "--run = %s: cannot go on with another length (%s), because its learning rate falls over"
              + " all steps of the run (%s = %s): the rounds so far would have had other rates."
              + " Set that back; or set %s=%s, with which the rate is 0 from that step on; or begin"
              + " a new run from this one's model with --from.",
          run,
          String.join(", ", lines(length)),
          SCHEDULE,
          now(SCHEDULE),
          DECAY_STEPS,
          before(DECAY_STEPS));
    }
  }

  /** What a run was begun from matters as it begins: the path of the model is free later on. */
  private boolean isFree(String key) {
    boolean beginning = key.startsWith(StartingModel.PREFIX);
    return FREE.stream()
            .anyMatch(free -> free.endsWith(".") ? key.startsWith(free) : key.equals(free))
        || (beginning && (StartingModel.MAY_CHANGE.contains(key) || !begunFromModel(wanted)));
  }

  private static boolean begunFromModel(Map<String, String> provenance) {
    return provenance.keySet().stream().anyMatch(key -> key.startsWith(StartingModel.PREFIX));
  }

  /** A value that the run was started with. */
  private String before(String key) {
    String value = stored.get(key);
    if (value != null) {
      return value;
    }
    // Which images a run is trained on is taken down from version 0.2.0 on.
    return key.equals(FINGERPRINT) ? now(key) : KeyHistory.absent(key).orElse("none");
  }

  private String now(String key) {
    String value = wanted.get(key);
    if (value != null) {
      return value;
    }
    return KeyHistory.heir(key).map(heir -> "no such key any more, see " + heir).orElse("none");
  }

  private static List<String> lines(Map<String, String> differing) {
    List<String> lines = new ArrayList<>();
    differing.forEach((key, change) -> lines.add(key + ": " + change));
    return lines;
  }
}
