package dev.ddpm.backend;

/**
 * One step of Adam (Kingma and Ba, arXiv 1412.6980) in PyTorch's form: the update is {@code rate /
 * (1 − β1^t) · m / (√v / √(1 − β2^t) + ε)}.
 *
 * @param learningRate step size
 * @param beta1 decay of the mean
 * @param beta2 decay of the uncentred variance
 * @param epsilon added to the root of the variance
 * @param step number of this step, from 1
 */
public record AdamStep(double learningRate, double beta1, double beta2, double epsilon, int step) {
  /** PyTorch's default decay of the mean. */
  public static final double BETA1 = 0.9;

  /** PyTorch's default decay of the variance. */
  public static final double BETA2 = 0.999;

  /** PyTorch's default ε. */
  public static final double EPSILON = 1e-8;

  /** A step with PyTorch's defaults. */
  public AdamStep(double learningRate, int step) {
    this(learningRate, BETA1, BETA2, EPSILON, step);
  }

  /** The step size with the mean's bias corrected. */
  public double stepSize() {
    return learningRate / (1 - StrictMath.pow(beta1, step));
  }

  /** What corrects the bias of the variance's root: 1 / √(1 − β2^t). */
  public double rootCorrection() {
    return 1 / StrictMath.sqrt(1 - StrictMath.pow(beta2, step));
  }
}
