package dev.ddpm.sampling;

import dev.ddpm.diffusion.EpsilonModel;
import dev.ddpm.diffusion.NoiseSchedule;

/** Models that treat every element by itself, so that results can be known. */
final class ElementwiseModels {
  private ElementwiseModels() {}

  /** The output is x·t/(t+1). */
  static void shrink(float[] xt, int[] timesteps, int batch, float[] output) {
    int size = xt.length / batch;
    for (int i = 0; i < batch * size; i++) {
      float t = timesteps[i / size];
      output[i] = xt[i] * t / (t + 1);
    }
  }

  /**
   * The perfect ε-model of data that are normally distributed with the given mean and standard
   * deviation: ε̂ = E[ε | x_t].
   */
  static EpsilonModel ofNormalData(NoiseSchedule schedule, double mean, double deviation) {
    return (xt, timesteps, batch, output) -> {
      int size = xt.length / batch;
      for (int i = 0; i < batch * size; i++) {
        int t = timesteps[i / size];
        double a = schedule.signal(t);
        double s = schedule.noise(t);
        double variance = a * a * deviation * deviation + s * s;
        output[i] = (float) (s * (xt[i] - a * mean) / variance);
      }
    };
  }
}
