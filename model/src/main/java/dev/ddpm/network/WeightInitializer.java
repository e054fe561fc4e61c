package dev.ddpm.network;

import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;

/**
 * PyTorch's default initial weights: U(±1/√fan-in) for weights and biases of convolutions and
 * linear layers, 1 and 0 for normalisations. Each tensor's numbers depend on the seed and its
 * position in the state dict alone.
 */
public final class WeightInitializer {
  private WeightInitializer() {}

  /** Flat weights, the same for the same seed on every machine. */
  public static float[] draw(ParameterLayout layout, long seed) {
    float[] flat = new float[Math.toIntExact(layout.size())];
    int number = 0;
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      float[] values = new float[tensor.length()];
      double bound = tensor.parameter().bound();
      if (bound > 0) {
        CounterRandom.uniform(seed, Stream.WEIGHT_INIT, number, 0, values, 0, values.length);
      }
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (tensor.parameter().constant() + bound * (2.0 * values[i] - 1));
      }
      layout.fromStateDict(tensor, values, flat);
      number++;
    }
    return flat;
  }
}
