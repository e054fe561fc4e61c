package dev.ddpm.bench;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.sampling.AncestralSampler;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.TrainingSpec;
import java.util.Random;

/** Steps of networks that the caller has made: exactly what a task of a job repeats. */
public final class TimedSteps {
  private static final int TIMESTEPS = 1000;

  private TimedSteps() {}

  /** As networks are trained here, by Adam. */
  public static TrainingSpec trainingSpec(long seed) {
    return trainingSpec(Optimiser.ADAM, LearningRate.constant(2e-5, 0), seed);
  }

  /** The same with another way to update weights. */
  public static TrainingSpec trainingSpec(Optimiser optimiser, LearningRate rate, long seed) {
    return new TrainingSpec(
        Prediction.EPSILON,
        LossWeighting.UNIFORM,
        TimestepShares.UNIFORM,
        DataRange.MINUS_ONE_TO_ONE,
        true,
        0.1,
        optimiser,
        rate,
        0,
        0.9999,
        seed);
  }

  /** The network with all that a step of training takes. */
  public static Replica replica(TrainableNetwork network, TrainingSpec training) {
    return new Replica(network, NoiseSchedule.linear(TIMESTEPS), training);
  }

  /**
   * A step of training on images of noise.
   *
   * @param batch images of a step
   * @param worker its number, which seeds images and draws
   */
  public static Runnable training(TrainableNetwork network, int batch, int worker) {
    Replica replica = replica(network, trainingSpec(worker));
    long[] ids = new long[batch];
    byte[][] pixels = new byte[batch][network.architecture().imageShape().size()];
    int[] labels = new int[batch];
    var random = new Random(worker);
    for (int i = 0; i < batch; i++) {
      ids[i] = i;
      random.nextBytes(pixels[i]);
    }
    int[] epoch = {0};
    return () -> requireFinite(replica.step(epoch[0]++, ids, pixels, labels));
  }

  /**
   * A step of ancestral sampling.
   *
   * @param imageSize values of an image
   * @param batch images of a step
   * @param worker its number, which seeds the noise
   */
  public static Runnable sampling(Denoiser model, int imageSize, int batch, int worker) {
    var sampler = new AncestralSampler(NoiseSchedule.linear(TIMESTEPS), Variance.FIXED_SMALL, true);
    ReverseProcess process =
        new ReverseProcess(
            sampler,
            Prediction.EPSILON,
            Thresholding.clip(DataRange.MINUS_ONE_TO_ONE),
            imageSize,
            batch);
    float[] x = new float[batch * imageSize];
    return () -> {
      process.denoise(model, worker, 0, batch, x, sampler.lastStep(), StepListener.NONE);
      requireFinite(x[0]);
    };
  }

  private static void requireFinite(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalStateException("A step gave " + value);
    }
  }
}
