package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.network.Architecture;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A model as another system keeps it: where its weights are, and what it says of itself. */
public interface ForeignModel {

  /** The files of its weights, at least one; each tensor is in one of them. */
  List<Path> weights();

  /**
   * What the model is.
   *
   * @param tensors names, as {@link #name} gives them, and shapes of its weights
   * @throws DdpmException (data) if its files do not tell, or tell of something that is not known
   *     here; (user) if a setting does not fit it
   */
  ModelDescription description(List<TensorHeader> tensors);

  /** How a tensor is called here. */
  default String name(String foreign) {
    return foreign;
  }

  /** The tensors of its files under the names that they have here. */
  default NamedTensors named(List<WeightsFile> files) {
    NamedTensors named = new NamedTensors();
    Set<String> names = new HashSet<>();
    for (WeightsFile file : files) {
      NamedTensors tensors = file.tensors();
      for (TensorHeader header : tensors.headers()) {
        String name = name(header.name());
        if (!names.add(name)) {
          throw DdpmException.data(
              "%s: there are two tensors that are %s here.",
              weights().get(0), StateDicts.shortened(name));
        }
        named.add(new TensorHeader(name, header.shape()), () -> tensors.values(header.name()));
      }
    }
    return named;
  }

  /**
   * What the weights alone do not tell of a model.
   *
   * @param schedule the noise schedule of its training
   * @param prediction what it puts out
   * @param preset whose conventions it follows
   * @param dataRange the interval of its image values
   */
  record Conventions(
      ScheduleSpec schedule, Prediction prediction, Preset preset, DataRange dataRange) {

    /** A model of these conventions. */
    ModelDescription of(Architecture architecture) {
      return new ModelDescription(architecture, schedule, prediction, preset, dataRange, Map.of());
    }
  }
}
