package dev.ddpm.sampling;

import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;

/** Models that treat every element by itself, so that results can be known. */
final class ElementwiseModels {
  private ElementwiseModels() {}

  /** The output is x·t/(t+1). */
  static void shrink(Batch in, float[] output) {
    int batch = in.size();
    int size = in.xt().length / batch;
    for (int i = 0; i < batch * size; i++) {
      float t = in.timesteps()[i / size];
      output[i] = in.xt()[i] * t / (t + 1);
    }
  }

  /**
   * The perfect ε-model of data that are normally distributed with the given mean and standard
   * deviation: ε̂ = E[ε | x_t].
   */
  static Denoiser ofNormalData(NoiseSchedule schedule, double mean, double deviation) {
    return (in, output) -> {
      int batch = in.size();
      int size = in.xt().length / batch;
      for (int i = 0; i < batch * size; i++) {
        int t = (int) in.timesteps()[i / size];
        double a = schedule.signal(t);
        double s = schedule.noise(t);
        double variance = a * a * deviation * deviation + s * s;
        output[i] = (float) (s * (in.xt()[i] - a * mean) / variance);
      }
    };
  }
}
