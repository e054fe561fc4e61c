package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TrainingState;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.TrainingConfig;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.stored.StoredModel;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.training.OuterOptimiser;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * A model that a new run starts from, in place of weights that are drawn. It is read when the run
 * begins and never again: what has become of it since does not matter to a run that goes on. One
 * that knows no classes may be taught them.
 *
 * @param path a model folder, or a run folder with one in {@code model/}
 * @param weights which of its weights
 * @param moments whether the optimiser goes on too: with its moments, its count of steps, the
 *     momentum of the outer optimiser and the moving average of the weights. Otherwise the
 *     optimiser is new, and the average starts at the weights
 */
public record StartingModel(String path, WeightChoice weights, boolean moments) {
  /** Beginning of the names of all provenance that tells what a run was begun from. */
  static final String PREFIX = "from.";

  /** Provenance: path of the model as it was named. */
  private static final String MODEL = PREFIX + "model";

  /** Provenance: optimiser steps of the model that the run counts on from; 0 without moments. */
  private static final String STEP = PREFIX + "step";

  /** Provenance: identity of the model, see {@link ModelFolder#modelHash}. */
  private static final String HASH = MODEL + "-hash";

  /** What may differ when the run goes on: a model may move, and the rest is found out. */
  static final List<String> MAY_CHANGE = List.of(MODEL, HASH, STEP);

  /** What was asked for, as a run's provenance has it. */
  Map<String, String> provenance() {
    return Map.of(
        MODEL,
        path,
        PREFIX + "weights",
        weights.name().toLowerCase(Locale.ROOT),
        PREFIX + "moments",
        Boolean.toString(moments));
  }

  /** One line that tells what a run started from. */
  String line(Checkpoint start) {
    return String.format(
        Locale.ROOT,
        "Starting from the %s weights of %s, with %s.",
        weights == WeightChoice.EMA ? "averaged" : "last",
        path,
        moments
            ? "its optimiser after %,d steps".formatted(start.state().step())
            : "a new optimiser");
  }

  /**
   * Optimiser steps that a run of this provenance counts on from.
   *
   * @throws DdpmException (data) if it does not say so by a number
   */
  static long earlierSteps(ModelDescription run) {
    String steps = run.provenance().getOrDefault(STEP, "0");
    if (!steps.matches("\\d{1,18}")) {
      throw DdpmException.data(
          "The run is damaged: %s = %s: must be a whole number, at least 0.", STEP, steps);
    }
    return Long.parseLong(steps);
  }

  /** A description of a run that goes on, with what it was begun from. */
  static ModelDescription goingOn(ModelDescription wanted, ModelDescription stored) {
    Map<String, String> provenance = new TreeMap<>(wanted.provenance());
    stored
        .provenance()
        .forEach(
            (key, value) -> {
              if (key.startsWith(PREFIX)) {
                provenance.put(key, value);
              }
            });
    return wanted.withProvenance(provenance);
  }

  /**
   * Reads the model.
   *
   * @param folder as {@link #open} gives it
   * @param wanted what is to be trained
   * @return where the run begins
   * @throws DdpmException (user) if it lacks what is asked for; (data) if it is damaged
   */
  Checkpoints.Stored read(ModelFolder folder, ModelDescription wanted, TrainingConfig training) {
    TensorFile file = weights == WeightChoice.EMA ? TensorFile.EMA : TensorFile.WEIGHTS;
    if (!folder.has(file)) {
      throw DdpmException.user(
          "--from = %s: has no moving average of its weights; use --from-weights raw.", path);
    }
    var flat = new FlatTensors(ParameterLayout.of(folder.description().architecture()));
    var embedding = new AddedEmbedding(folder.description(), wanted);
    float[] parameters = embedding.to(flat.read(folder, file));
    float[] average =
        moments && folder.has(TensorFile.EMA)
            ? embedding.to(flat.read(folder, TensorFile.EMA))
            : parameters.clone();
    float[] updater =
        moments
            ? embedding.to(readMoments(folder, flat, training))
            : new float[parameters.length * training.optimiser().stateValues()];
    OuterOptimiser outer = training.outerOptimiser();
    float[] velocity =
        moments && outer.stateValues() > 0 && folder.has(TensorFile.MOMENTUM)
            ? embedding.to(flat.read(folder, TensorFile.MOMENTUM))
            : outer.initialVelocity(parameters.length);
    long step = moments ? folder.training().map(TrainingState::step).orElse(0L) : 0;
    Map<String, String> provenance = new TreeMap<>(wanted.provenance());
    provenance.put(HASH, folder.modelHash(file));
    provenance.put(STEP, Long.toString(step));
    return new Checkpoints.Stored(
        wanted.withProvenance(provenance),
        new Checkpoint(
            new ModelState(
                new WireFloats(parameters),
                new WireFloats(updater),
                new WireFloats(velocity),
                step),
            training.emaDecay() > 0 ? Optional.of(new WireFloats(average)) : Optional.empty(),
            training.initialProfiles(parameters.length).map(WireFloats::new),
            new TrainingState(step, 0, 0, 0, training.seed())));
  }

  private float[] readMoments(ModelFolder folder, FlatTensors flat, TrainingConfig training) {
    if (!folder.has(TensorFile.UPDATER) || folder.training().isEmpty()) {
      throw DdpmException.user(
          "--from = %s: has no moments of an optimiser; leave out --from-moments.", path);
    }
    if (training.optimiser().stateValues() == 0) {
      throw DdpmException.user(
          "--from-moments: training.optimiser = %s has no moments to go on with; leave it out.",
          training.optimiser().name().toLowerCase(Locale.ROOT));
    }
    return flat.readMoments(folder);
  }

  /**
   * Opens the model, whose network must be the one that is to be trained, and know the same classes
   * or none.
   *
   * @throws DdpmException (user) naming what is different; (data) if there is no model
   */
  ModelFolder open(ModelDescription wanted, Configuration configuration) {
    ModelFolder folder = StoredModel.open(path, configuration);
    ClassLabels known = folder.description().classes();
    if (known.exist() && !known.equals(wanted.classes())) {
      throw otherClasses(known, wanted.classes());
    }
    Map<String, List<String>> misfits =
        new TreeMap<>(folder.description().misfits(wanted.architecture()));
    misfits.remove("classes");
    if (!misfits.isEmpty()) {
      List<String> lines =
          misfits.entrySet().stream()
              .map(
                  misfit ->
                      "model.%s: %s → %s"
                          .formatted(
                              key(misfit.getKey()),
                              misfit.getValue().get(0),
                              misfit.getValue().get(1)))
              .toList();
      throw DdpmException.user(
          "--from = %s: is of another network (%s); set model.* and the size of the images as that"
              + " model has them.",
          path, String.join(", ", lines));
    }
    return folder;
  }

  private DdpmException otherClasses(ClassLabels known, ClassLabels wanted) {
    if (!wanted.exist()) {
      return DdpmException.user(
          "--from = %s: tells %s apart; set model.classes = labels, or start from a model without"
              + " classes.",
          path, TrainedClasses.told(known));
    }
    if (!known.unlabelled()) {
      return DdpmException.user(
          "--from = %s: tells %s apart and knows no images of none, as which some are trained here;"
              + " start from a model without classes, or from one that was trained here.",
          path, TrainedClasses.told(known));
    }
    return DdpmException.user(
        "--from = %s: tells %s apart, and the table has %s; they must be the same, in their order.",
        path, TrainedClasses.told(known), TrainedClasses.told(wanted));
  }

  /** The configuration's key of what a stored architecture names so. */
  private static String key(String name) {
    return name.equals("kind") ? "architecture" : name.replace('_', '-');
  }
}
