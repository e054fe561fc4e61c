package dev.ddpm.spark.interpolate;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.sampling.DdimInversion;
import dev.ddpm.sampling.DdimSampler;
import dev.ddpm.sampling.Interpolation;
import dev.ddpm.sampling.LatentInterpolation;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;

/** How two images are taken to where they can be mixed. */
public enum InterpolationMethod {
  /** Both get the same random noise and are mixed linearly (Ho et al., section 4.4). */
  SAME_NOISE {
    @Override
    void interpolate(
        InterpolationPlan plan,
        Denoiser ofEnds,
        Denoiser ofResults,
        int pair,
        float[] first,
        float[] other,
        float[] lambdas,
        float[] images) {
      new Interpolation(plan.process(plan.sampling().thresholding()), plan.sampling().imageSize())
          .interpolate(
              ofResults,
              plan.sampling().sampling().seed(),
              (long) pair * lambdas.length,
              first,
              other,
              lambdas,
              plan.step(),
              images,
              StepListener.NONE);
    }
  },
  /**
   * Both are encoded by DDIM inversion and mixed along a great circle (Song et al., section 5.3).
   */
  INVERSION {
    @Override
    void require(SamplingConfig sampling) {
      if (sampling.sampler() != SamplerChoice.DDIM || sampling.eta() != 0) {
        throw DdpmException.user(
            "--method = inversion: needs sampling.sampler = ddim and sampling.eta = 0, because only"
                + " that process can be run backwards.");
      }
    }

    @Override
    void interpolate(
        InterpolationPlan plan,
        Denoiser ofEnds,
        Denoiser ofResults,
        int pair,
        float[] first,
        float[] other,
        float[] lambdas,
        float[] images) {
      int size = plan.sampling().imageSize();
      var inversion =
          new DdimInversion(
              (DdimSampler) plan.sampling().sampler(),
              plan.sampling().model().prediction(),
              size,
              2,
              CORRECTIONS);
      new LatentInterpolation(inversion, plan.process(Thresholding.NONE), size)
          .interpolate(
              ofEnds, ofResults, first, other, lambdas, plan.step(), images, StepListener.NONE);
    }
  };

  /** How often an inversion corrects each step: with 2 a trained model gives images back. */
  private static final int CORRECTIONS = 2;

  /**
   * Checks that the method goes with the way back to images.
   *
   * @throws DdpmException (user) if not
   */
  void require(SamplingConfig sampling) {}

  /**
   * Computes the images of a pair.
   *
   * @param ofEnds the model, asked about the two images
   * @param ofResults the model, asked about the images between them
   * @param pair its number, which decides its noise
   * @param first image at λ = 0, in data range
   * @param other image at λ = 1, in data range
   * @param lambdas of the images, 0..1
   * @param images receives them, (lambdas, height, width, channels)
   */
  abstract void interpolate(
      InterpolationPlan plan,
      Denoiser ofEnds,
      Denoiser ofResults,
      int pair,
      float[] first,
      float[] other,
      float[] lambdas,
      float[] images);
}
