package dev.ddpm.bench;

import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.NetworkPlan;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.sampling.AncestralSampler;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.TrainingSpec;
import java.util.Random;

/** What is repeated and timed: exactly what a task of the training or sampling job repeats. */
enum Work {
  /** Flip, draw t and ε, q_sample, forward, loss, backward, Adam. */
  TRAIN {
    @Override
    Runnable prepare(Network network, int batch, Precision precision, int worker) {
      if (precision != Precision.FLOAT32) {
        throw new IllegalArgumentException("Networks are not trained in " + precision);
      }
      Architecture architecture = network.architecture();
      TrainingSpec training =
          new TrainingSpec(
              Prediction.EPSILON,
              LossWeighting.UNIFORM,
              TimestepShares.UNIFORM,
              DataRange.MINUS_ONE_TO_ONE,
              true,
              0.1,
              Optimiser.ADAM,
              LearningRate.constant(2e-5, 0),
              0,
              0.9999,
              worker);
      Replica replica =
          new Replica(
              Dl4jNetwork.create(
                  architecture, worker, training.optimiser(), training.learningRate()),
              NoiseSchedule.linear(TIMESTEPS),
              training);
      long[] ids = new long[batch];
      byte[][] pixels = new byte[ids.length][architecture.imageShape().size()];
      int[] labels = new int[batch];
      var random = new Random(worker);
      for (int i = 0; i < ids.length; i++) {
        ids[i] = i;
        random.nextBytes(pixels[i]);
      }
      int[] epoch = {0};
      return () -> requireFinite(replica.step(epoch[0]++, ids, pixels, labels));
    }

    @Override
    long flops(NetworkPlan plan) {
      return plan.trainingFlops();
    }
  },

  /** One ancestral step: predict ε, x̂0, the posterior's mean, fresh noise. */
  SAMPLE {
    @Override
    Runnable prepare(Network network, int batch, Precision precision, int worker) {
      Architecture architecture = network.architecture();
      Denoiser model =
          Dl4jNetwork.pretrained(
              architecture,
              WeightInitializer.draw(ParameterLayout.of(architecture), worker),
              precision);
      var sampler =
          new AncestralSampler(NoiseSchedule.linear(TIMESTEPS), Variance.FIXED_SMALL, true);
      ReverseProcess process =
          new ReverseProcess(
              sampler,
              Prediction.EPSILON,
              Thresholding.clip(DataRange.MINUS_ONE_TO_ONE),
              architecture.imageShape().size(),
              batch);
      float[] x = new float[batch * architecture.imageShape().size()];
      return () -> {
        process.denoise(model, worker, 0, batch, x, sampler.lastStep(), StepListener.NONE);
        requireFinite(x[0]);
      };
    }

    @Override
    long flops(NetworkPlan plan) {
      return plan.forwardFlops();
    }
  };

  private static final int TIMESTEPS = 1000;

  /**
   * Builds everything that is built once.
   *
   * @param batch images of a step
   * @param precision what the network computes in
   * @param worker number of the worker, which has a model and data of its own
   * @return one step
   */
  abstract Runnable prepare(Network network, int batch, Precision precision, int worker);

  /** Floating-point operations of a step per image. */
  abstract long flops(NetworkPlan plan);

  private static void requireFinite(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalStateException("A step gave " + value);
    }
  }
}
