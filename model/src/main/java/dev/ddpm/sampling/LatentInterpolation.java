package dev.ddpm.sampling;

import dev.ddpm.diffusion.Denoiser;

/**
 * Images between two images by their noise: both are encoded with {@link DdimInversion}, mixed
 * along the great circle between them (Song et al., arXiv 2010.02502, section 5.3), and decoded
 * with the steps that encoded them. Nothing is drawn at random, and at the weights 0 and 1 the
 * images themselves come back, as far as the inversion goes.
 *
 * <p>An instance serves one thread.
 */
public final class LatentInterpolation {
  private static final double NEARLY_PARALLEL = 1e-4;

  private final DdimInversion inversion;
  private final ReverseProcess process;
  private final int imageSize;
  private final float[] ends;

  /**
   * Interpolates with an inversion and the process that it inverts.
   *
   * @param inversion for at least 2 images
   * @param process DDIM with η = 0 and the same steps
   * @param imageSize elements per image, as of both
   */
  public LatentInterpolation(DdimInversion inversion, ReverseProcess process, int imageSize) {
    this.inversion = inversion;
    this.process = process;
    this.imageSize = imageSize;
    this.ends = new float[2 * imageSize];
  }

  /**
   * Computes one image per weight.
   *
   * @param ofEnds the model, asked about the two images
   * @param ofResults the model, asked about the results: another where these are of other classes
   * @param first image at weight 0, in data range
   * @param other image at weight 1, in data range
   * @param weights share of {@code other} in each result, in 0..1
   * @param step step of the schedule up to which both are encoded
   * @param out receives the images, (weights, height, width, channels)
   * @param listener is called after every step of decoding
   */
  public void interpolate(
      Denoiser ofEnds,
      Denoiser ofResults,
      float[] first,
      float[] other,
      float[] weights,
      int step,
      float[] out,
      StepListener listener) {
    System.arraycopy(first, 0, ends, 0, imageSize);
    System.arraycopy(other, 0, ends, imageSize, imageSize);
    inversion.encode(ofEnds, 2, ends, step);
    double angle = angle();
    for (int image = 0; image < weights.length; image++) {
      float ofFirst = (float) share(1 - weights[image], angle);
      float ofOther = (float) share(weights[image], angle);
      for (int i = 0; i < imageSize; i++) {
        out[image * imageSize + i] = ofFirst * ends[i] + ofOther * ends[imageSize + i];
      }
    }
    process.denoise(ofResults, 0, 0, weights.length, out, step, listener);
  }

  private double angle() {
    double product = 0;
    double first = 0;
    double other = 0;
    for (int i = 0; i < imageSize; i++) {
      product += (double) ends[i] * ends[imageSize + i];
      first += (double) ends[i] * ends[i];
      other += (double) ends[imageSize + i] * ends[imageSize + i];
    }
    return StrictMath.acos(Math.min(1, Math.max(-1, product / Math.sqrt(first * other))));
  }

  /** Along a great circle; where that is not defined or hardly curved, along the straight line. */
  private static double share(double weight, double angle) {
    double sine = StrictMath.sin(angle);
    return sine < NEARLY_PARALLEL ? weight : StrictMath.sin(weight * angle) / sine;
  }
}
