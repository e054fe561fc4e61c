package dev.ddpm.spark.interpolate;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.Sampler;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.Serializable;
import java.util.stream.IntStream;

/**
 * Everything but weights and images that decides what is between two images.
 *
 * @param sampling the model and how it is sampled
 * @param method how images are taken to noise
 * @param timestep to which they are taken
 * @param lambdas how many images per pair, at equal distances from λ = 0 to 1, at least 2
 */
record InterpolationPlan(
    SamplingPlan sampling, InterpolationMethod method, int timestep, int lambdas)
    implements Serializable {

  /**
   * Checks the options.
   *
   * @throws DdpmException (user) naming the one that is wrong
   */
  InterpolationPlan {
    if (lambdas < 2) {
      throw DdpmException.user("--lambdas = %d: must be at least 2.", lambdas);
    }
    sampling.model().architecture().imageShape().requireTogether(lambdas, "--lambdas");
    int timesteps = sampling.model().schedule().steps();
    if (timestep < 0 || timestep >= timesteps) {
      throw DdpmException.user(
          "--timestep = %d: must be in 0..%d, the timesteps of the model.",
          timestep, timesteps - 1);
    }
    method.require(sampling.sampling());
  }

  /**
   * The step of the sampler's schedule that is nearest to the timestep from below, or its first.
   */
  int step() {
    Sampler sampler = sampling.sampler();
    NoiseSchedule schedule = sampler.schedule();
    int step = schedule.steps() - 1;
    while (step > sampler.lastStep() && schedule.time(step) > timestep) {
      step--;
    }
    return step;
  }

  /** λ of a result. */
  float lambda(int result) {
    return (float) result / (lambdas - 1);
  }

  /**
   * Computes the images of a pair. Each is asked for in the class of the nearer image; one in the
   * middle in that of the first.
   *
   * @param pair its number, which decides its noise
   * @param first image at λ = 0, in data range
   * @param other image at λ = 1, in data range
   * @param classes those of the two images; null if the model knows none
   * @return the images, (lambdas, height, width, channels)
   */
  float[] compute(Denoiser model, int pair, float[] first, float[] other, int[] classes) {
    int size = sampling.imageSize();
    float[] weights = new float[lambdas];
    for (int i = 0; i < lambdas; i++) {
      weights[i] = lambda(i);
    }
    float[] images = new float[lambdas * size];
    Denoiser ofEnds = model;
    Denoiser ofResults = model;
    if (classes != null) {
      ofEnds = model.conditionedOn(classes);
      ofResults =
          model.conditionedOn(IntStream.range(0, lambdas).map(i -> classes[nearer(i)]).toArray());
    }
    method.interpolate(this, ofEnds, ofResults, pair, first, other, weights, images);
    return images;
  }

  /** Which of the two images a result is nearer to: 0 or 1. */
  int nearer(int result) {
    return 2 * result <= lambdas - 1 ? 0 : 1;
  }

  /** The way from noise to the images of a pair. */
  ReverseProcess process(Thresholding thresholding) {
    return new ReverseProcess(
        sampling.sampler(),
        sampling.model().prediction(),
        thresholding,
        sampling.imageSize(),
        lambdas);
  }
}
