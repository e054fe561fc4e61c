package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TrainingState;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.stored.ProfileSnapshots;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.training.KeptProfiles;
import dev.ddpm.training.Optimiser;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Everything that training needs to go on, as it is after a round.
 *
 * @param state averaged weights and optimiser state
 * @param ema weights averaged over time; empty for none
 * @param profiles averages of which others are made after the fact, see {@link KeptProfiles}; empty
 *     for none
 * @param training where training stands
 */
record Checkpoint(
    ModelState state,
    Optional<WireFloats> ema,
    Optional<WireFloats> profiles,
    TrainingState training) {
  private static final String EMA_DECAY = "training.ema-decay";
  private static final String EMA_PROFILES = "training.ema-profiles";
  private static final String OUTER_MOMENTUM = "training.outer-momentum";

  /** Writes it as a model folder. */
  void write(HadoopFileStore store, ModelDescription description) {
    var flat = new FlatTensors(ParameterLayout.of(description.architecture()));
    Map<TensorFile, NamedTensors> tensors = new EnumMap<>(TensorFile.class);
    tensors.put(TensorFile.WEIGHTS, flat.named(state.parameters().values()));
    ema.ifPresent(average -> tensors.put(TensorFile.EMA, flat.named(average.values())));
    profiles.ifPresent(
        averages -> tensors.put(TensorFile.PROFILES, flat.namedProfiles(averages.values())));
    if (state.updater().values().length > 0) {
      tensors.put(TensorFile.UPDATER, flat.namedMoments(state.updater().values()));
    }
    if (state.momentum().values().length > 0) {
      tensors.put(TensorFile.MOMENTUM, flat.named(state.momentum().values()));
    }
    ModelFolder.write(store, description, tensors, Optional.of(training));
  }

  /** The same without what only a run needs that goes on. */
  Checkpoint asModel() {
    return new Checkpoint(state, ema, Optional.empty(), training);
  }

  /**
   * Writes the averages of which others are made, and the weights, as a model folder.
   *
   * @param images that the run has been trained on
   */
  void writeSnapshot(HadoopFileStore store, ModelDescription description, long images) {
    var flat = new FlatTensors(ParameterLayout.of(description.architecture()));
    Map<String, String> provenance = new TreeMap<>(description.provenance());
    provenance.put(ProfileSnapshots.IMAGES, Long.toString(images));
    ModelFolder.write(
        store,
        description.withProvenance(provenance),
        Map.of(
            TensorFile.WEIGHTS,
            flat.named(state.parameters().values()),
            TensorFile.PROFILES,
            flat.namedProfiles(profiles.orElseThrow().values())),
        Optional.of(training));
  }

  /**
   * The parts that its settings promise: training would go on without them, or end in the midst.
   */
  private static void requireParts(ModelFolder folder) {
    Map<String, String> settings = folder.description().provenance();
    boolean plain = Word.of(Optimiser.SGD).equals(settings.get("training.optimiser"));
    boolean averaged = number(settings, EMA_DECAY) > 0;
    if (!plain && !folder.has(TensorFile.UPDATER)) {
      throw absent(TensorFile.UPDATER, "the moments of its optimiser");
    }
    if (averaged && !folder.has(TensorFile.EMA)) {
      throw absent(TensorFile.EMA, "the moving average of its weights");
    }
    if ("true".equals(settings.get(EMA_PROFILES)) && !folder.has(TensorFile.PROFILES)) {
      throw absent(TensorFile.PROFILES, "the averages of which others are made");
    }
    if (number(settings, OUTER_MOMENTUM) > 0 && !folder.has(TensorFile.MOMENTUM)) {
      throw absent(TensorFile.MOMENTUM, "the momentum of its outer optimiser");
    }
  }

  private static double number(Map<String, String> settings, String key) {
    String value = settings.getOrDefault(key, "0");
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException damaged) {
      throw DdpmException.data("It has %s = %s, which is no number.", key, value);
    }
  }

  private static DdpmException absent(TensorFile file, String what) {
    return DdpmException.data(
        "It has no %s, %s, so training cannot go on from it.", file.fileName(), what);
  }

  /**
   * Reads one, checking every file against its checksum.
   *
   * @throws DdpmException if anything is missing or damaged
   */
  static Checkpoint read(ModelFolder folder) {
    requireParts(folder);
    var flat = new FlatTensors(ParameterLayout.of(folder.description().architecture()));
    TrainingState training =
        folder
            .training()
            .orElseThrow(
                () ->
                    DdpmException.data(
                        "It has no training.json, so training cannot go on from it."));
    float[] updater = folder.has(TensorFile.UPDATER) ? flat.readMoments(folder) : new float[0];
    float[] momentum =
        folder.has(TensorFile.MOMENTUM) ? flat.read(folder, TensorFile.MOMENTUM) : new float[0];
    var state =
        new ModelState(
            new WireFloats(flat.read(folder, TensorFile.WEIGHTS)),
            new WireFloats(updater),
            new WireFloats(momentum),
            training.step());
    Optional<WireFloats> ema =
        folder.has(TensorFile.EMA)
            ? Optional.of(new WireFloats(flat.read(folder, TensorFile.EMA)))
            : Optional.empty();
    Optional<WireFloats> profiles =
        folder.has(TensorFile.PROFILES)
            ? Optional.of(new WireFloats(flat.readProfiles(folder)))
            : Optional.empty();
    return new Checkpoint(state, ema, profiles, training);
  }
}
