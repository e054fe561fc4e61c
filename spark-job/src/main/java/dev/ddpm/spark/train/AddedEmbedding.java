package dev.ddpm.spark.train;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.network.ParameterLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes weights of a network that knows no classes those of the same network with classes, or
 * leaves them as they are. The embedding that is added is zero, and so are its moments: at first
 * the network computes for every class what it has computed before.
 */
final class AddedEmbedding {
  private final ParameterLayout before;
  private final ParameterLayout after;

  /**
   * For weights of a model.
   *
   * @param stored the model that has them
   * @param wanted of the same network, which may know classes
   */
  AddedEmbedding(ModelDescription stored, ModelDescription wanted) {
    this.before = ParameterLayout.of(stored.architecture());
    this.after = ParameterLayout.of(wanted.architecture());
  }

  /**
   * The values for the network that is wanted.
   *
   * @param flat values of the other, or several such vectors one after the other
   */
  float[] to(float[] flat) {
    int vector = Math.toIntExact(before.size());
    int wider = Math.toIntExact(after.size());
    if (vector == wider) {
      return flat;
    }
    Map<String, ParameterLayout.Entry> known = new HashMap<>();
    before.tensors().forEach(tensor -> known.put(tensor.name(), tensor));
    int vectors = flat.length / vector;
    float[] widened = new float[vectors * wider];
    for (ParameterLayout.Entry tensor : after.tensors()) {
      ParameterLayout.Entry from = known.get(tensor.name());
      for (int i = 0; from != null && i < vectors; i++) {
        after.fromStateDict(tensor, before.toStateDict(from, flat, i * vector), widened, i * wider);
      }
    }
    return widened;
  }
}
