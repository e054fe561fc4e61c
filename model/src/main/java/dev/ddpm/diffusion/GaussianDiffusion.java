package dev.ddpm.diffusion;

/**
 * The forward and reverse process of one noise schedule, on slices of image arrays. Everything is
 * element by element, so that the layout does not matter, and all images of a slice share the step
 * t. Coefficients are computed in double precision and rounded once; sums are in single precision,
 * so a result has the same bits on every processor. Nothing is allocated.
 *
 * <p>Every method works on {@code length} elements from {@code offset} on in each of its arrays;
 * the output may be one of the inputs. Equations are those of Ho et al., arXiv 2006.11239, with
 * steps counted from 0.
 */
public final class GaussianDiffusion {
  private final NoiseSchedule schedule;

  /** The process of a schedule. */
  public GaussianDiffusion(NoiseSchedule schedule) {
    this.schedule = schedule;
  }

  /** The schedule of this process. */
  public NoiseSchedule schedule() {
    return schedule;
  }

  /**
   * Draws from q(x_t | x_0): x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε (equation 4).
   *
   * @param x0 clean images, in data range
   * @param epsilon standard normal noise
   * @param t step, 0..steps−1
   * @param xt receives the noised images
   */
  public void qSample(float[] x0, float[] epsilon, int t, float[] xt, int offset, int length) {
    combine(schedule.signal(t), x0, schedule.noise(t), epsilon, xt, offset, length);
  }

  /** What a model should have put out: ε, x_0 or v, from the clean image and the noise. */
  public void target(
      Prediction prediction,
      float[] x0,
      float[] epsilon,
      int t,
      float[] target,
      int offset,
      int length) {
    double a = schedule.signal(t);
    double s = schedule.noise(t);
    combine(
        prediction.targetFromX0(a, s),
        x0,
        prediction.targetFromEpsilon(a, s),
        epsilon,
        target,
        offset,
        length);
  }

  /**
   * The clean image that a model's output implies (equation 15 for ε).
   *
   * @param prediction what the model puts out
   * @param xt noised images
   * @param output the model's output for them
   * @param t step, 0..steps−1
   * @param x0 receives x̂_0, not clipped
   */
  public void predictX0(
      Prediction prediction,
      float[] xt,
      float[] output,
      int t,
      float[] x0,
      int offset,
      int length) {
    double a = schedule.signal(t);
    double s = schedule.noise(t);
    combine(
        prediction.x0FromXt(a, s), xt, prediction.x0FromOutput(a, s), output, x0, offset, length);
  }

  /**
   * The noise that a model's output implies.
   *
   * @param prediction what the model puts out
   * @param xt noised images
   * @param output the model's output for them
   * @param t step, 0..steps−1
   * @param epsilon receives ε̂
   */
  public void predictEpsilon(
      Prediction prediction,
      float[] xt,
      float[] output,
      int t,
      float[] epsilon,
      int offset,
      int length) {
    double a = schedule.signal(t);
    double s = schedule.noise(t);
    combine(
        prediction.epsilonFromXt(a, s),
        xt,
        prediction.epsilonFromOutput(a, s),
        output,
        epsilon,
        offset,
        length);
  }

  /**
   * The mean of q(x_{t−1} | x_t, x_0) (equation 7).
   *
   * @param x0 clean images, known or predicted
   * @param xt noised images
   * @param t step, 0..steps−1
   * @param mean receives the mean of the step before t
   */
  public void posteriorMean(float[] x0, float[] xt, int t, float[] mean, int offset, int length) {
    combine(
        schedule.posteriorX0Coefficient(t),
        x0,
        schedule.posteriorXtCoefficient(t),
        xt,
        mean,
        offset,
        length);
  }

  /**
   * Adds the noise of a reverse step: x ← x + σ_t·z.
   *
   * @param x mean of the step before t; receives the draw
   * @param z standard normal noise
   * @param t step, 0..steps−1
   */
  public void addNoise(Variance variance, float[] x, float[] z, int t, int offset, int length) {
    combine(1, x, Math.sqrt(variance.at(schedule, t)), z, x, offset, length);
  }

  private static void combine(
      double a, float[] x, double b, float[] y, float[] out, int offset, int length) {
    float factorX = (float) a;
    float factorY = (float) b;
    for (int i = offset; i < offset + length; i++) {
      out[i] = factorX * x[i] + factorY * y[i];
    }
  }
}
