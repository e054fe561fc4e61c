package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;

/** Numbers with a normal distribution. */
final class Values {
  private final float[] values;

  Values(long seed, int count) {
    values = new float[count];
    CounterRandom.gaussian(seed, Stream.WEIGHT_INIT, 0, 0, values, 0, count);
  }

  float[] array() {
    return values;
  }

  /** A tensor that holds them. */
  Tensor on(Engine engine, long... shape) {
    Tensor tensor = engine.allocate(shape);
    tensor.upload(values, 0);
    return tensor;
  }

  /** What a tensor holds. */
  static float[] of(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }
}
