package dev.ddpm.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one has to know of a model to use its weights.
 *
 * @param architecture what the network looks like
 * @param classes the classes of images that it tells apart, one per row of the network's embedding
 *     of them
 * @param schedule the noise schedule of its training
 * @param prediction what it puts out
 * @param preset the conventions that sampling follows unless told otherwise
 * @param dataRange the interval of its image values
 * @param sampling how images are drawn from it unless told otherwise: values by the keys of a
 *     configuration, such as {@code sampling.sampler}; empty if the general defaults are right
 * @param provenance who, when, from which data, with which configuration and versions; free text by
 *     key, kept in the order of the keys
 */
public record ModelDescription(
    Architecture architecture,
    ClassLabels classes,
    ScheduleSpec schedule,
    Prediction prediction,
    Preset preset,
    DataRange dataRange,
    Map<String, String> sampling,
    Map<String, String> provenance)
    implements Serializable {

  /**
   * Copies the maps.
   *
   * @throws DdpmException (user) if these are not as many classes as the network knows, or the
   *     model predicts noise where nothing else is
   */
  public ModelDescription {
    if (classes.rows() != architecture.classes()) {
      throw DdpmException.user(
          "classes: there are %d, with that of no class if the model knows it, but the network has"
              + " %d.",
          classes.rows(), architecture.classes());
    }
    if (schedule instanceof ScheduleSpec.ZeroTerminalSnr && prediction == Prediction.EPSILON) {
      throw DdpmException.user(
          "prediction: is epsilon, but the schedule ends without signal, where no image can be"
              + " computed from the noise.");
    }
    sampling = Collections.unmodifiableMap(new TreeMap<>(sampling));
    provenance = Collections.unmodifiableMap(new TreeMap<>(provenance));
  }

  /** A model that is sampled by the general defaults; its classes, if it has any, are numbers. */
  public ModelDescription(
      Architecture architecture,
      ScheduleSpec schedule,
      Prediction prediction,
      Preset preset,
      DataRange dataRange,
      Map<String, String> provenance) {
    this(
        architecture,
        ClassLabels.numbered(architecture.classes()),
        schedule,
        prediction,
        preset,
        dataRange,
        Map.of(),
        provenance);
  }

  /** The same with other defaults of sampling. */
  public ModelDescription withSampling(Map<String, String> other) {
    return new ModelDescription(
        architecture, classes, schedule, prediction, preset, dataRange, other, provenance);
  }

  /** The same with other classes, as many. */
  public ModelDescription withClasses(ClassLabels other) {
    return new ModelDescription(
        architecture, other, schedule, prediction, preset, dataRange, sampling, provenance);
  }

  /** The same with another provenance. */
  public ModelDescription withProvenance(Map<String, String> other) {
    return new ModelDescription(
        architecture, classes, schedule, prediction, preset, dataRange, sampling, other);
  }

  /**
   * Why weights of another architecture do not fit this one.
   *
   * @return this one's and the other's value by the name in JSON, that of a nested one behind the
   *     name of what it is in, for each that differs; what only training heeds may differ. Of two
   *     kinds nothing is compared but {@code kind}
   */
  public Map<String, List<String>> misfits(Architecture other) {
    ObjectNode mine = ModelJson.tree(architecture.forInference());
    ObjectNode others = ModelJson.tree(other.forInference());
    Map<String, List<String>> misfits = new TreeMap<>();
    collectMisfits("", mine, others, misfits);
    List<String> kinds = misfits.get(ModelJson.KIND);
    return kinds == null ? misfits : Map.of(ModelJson.KIND, kinds);
  }

  private static void collectMisfits(
      String prefix, JsonNode mine, JsonNode others, Map<String, List<String>> misfits) {
    for (JsonNode side : List.of(mine, others)) {
      for (String name : (Iterable<String>) side::fieldNames) {
        JsonNode one = mine.path(name);
        JsonNode two = others.path(name);
        if (one.isObject() && two.isObject()) {
          collectMisfits(prefix + name + "_", one, two, misfits);
        } else if (!one.equals(two)) {
          misfits.put(prefix + name, List.of(one.toString(), two.toString()));
        }
      }
    }
  }
}
