package dev.ddpm.checkpoint;

import dev.ddpm.network.ParameterLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Turns the flat vectors of a network into named tensors in PyTorch's shapes, and back: what is
 * trained is flat, what is stored is a state dict.
 */
public final class FlatTensors {
  private final ParameterLayout layout;

  /** For networks of one layout. */
  public FlatTensors(ParameterLayout layout) {
    this.layout = layout;
  }

  /**
   * The weights as a state dict; each tensor is computed when it is asked for.
   *
   * @param flat flat weights, not copied
   */
  public NamedTensors named(float[] flat) {
    var tensors = new NamedTensors();
    add(tensors, "", flat, 0);
    return tensors;
  }

  /**
   * Adam's moments under the names of the weights with the prefixes of {@link ModelFolder}.
   *
   * @param moments all first moments, then all second moments, flat
   */
  public NamedTensors namedMoments(float[] moments) {
    var tensors = new NamedTensors();
    add(tensors, ModelFolder.FIRST_MOMENT, moments, 0);
    add(tensors, ModelFolder.SECOND_MOMENT, moments, size());
    return tensors;
  }

  /**
   * Averages under the names of the weights with the prefixes of {@link ModelFolder#PROFILES}.
   *
   * @param averages one after the other, flat
   */
  public NamedTensors namedProfiles(float[] averages) {
    var tensors = new NamedTensors();
    bases().forEach((prefix, base) -> add(tensors, prefix, averages, base));
    return tensors;
  }

  /**
   * Reads weights as a flat vector.
   *
   * @param file {@link TensorFile#WEIGHTS}, {@link TensorFile#EMA} or {@link TensorFile#MOMENTUM}
   */
  public float[] read(ModelFolder folder, TensorFile file) {
    return read(folder, file, Map.of("", 0));
  }

  /** Reads Adam's moments: all first moments, then all second moments, flat. */
  public float[] readMoments(ModelFolder folder) {
    return read(
        folder,
        TensorFile.UPDATER,
        Map.of(ModelFolder.FIRST_MOMENT, 0, ModelFolder.SECOND_MOMENT, size()));
  }

  /** Reads averages: one after the other, flat. */
  public float[] readProfiles(ModelFolder folder) {
    return read(folder, TensorFile.PROFILES, bases());
  }

  private Map<String, Integer> bases() {
    Map<String, Integer> bases = new LinkedHashMap<>();
    for (String prefix : ModelFolder.PROFILES) {
      bases.put(prefix, bases.size() * size());
    }
    return bases;
  }

  private int size() {
    return Math.toIntExact(layout.size());
  }

  private void add(NamedTensors tensors, String prefix, float[] flat, int base) {
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      tensors.add(
          new TensorHeader(prefix + tensor.name(), tensor.shape()),
          () -> layout.toStateDict(tensor, flat, base));
    }
  }

  /** Reads tensors of each prefix into the part of a flat vector that begins at its base. */
  private float[] read(ModelFolder folder, TensorFile file, Map<String, Integer> baseOfPrefix) {
    List<TensorHeader> headers = headers(baseOfPrefix.keySet());
    folder.require(file, headers);
    float[] flat = new float[baseOfPrefix.size() * size()];
    Map<String, Consumer<float[]>> consumers = new HashMap<>();
    baseOfPrefix.forEach(
        (prefix, base) -> {
          for (ParameterLayout.Entry tensor : layout.tensors()) {
            consumers.put(
                prefix + tensor.name(), values -> layout.fromStateDict(tensor, values, flat, base));
          }
        });
    folder.read(file, headers, (header, values) -> consumers.get(header.name()).accept(values));
    return flat;
  }

  private List<TensorHeader> headers(Set<String> prefixes) {
    List<TensorHeader> headers = new ArrayList<>();
    for (String prefix : prefixes) {
      for (ParameterLayout.Entry tensor : layout.tensors()) {
        headers.add(new TensorHeader(prefix + tensor.name(), tensor.shape()));
      }
    }
    return headers;
  }
}
