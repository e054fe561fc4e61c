package dev.ddpm.diffusion;

/**
 * A consistent set of the choices in which implementations of the paper differ. Each is a default
 * that a configuration may change one by one.
 */
public enum Preset {
  /** Parity with labml.ai's annotated implementation ({@code labml_nn/diffusion/ddpm}). */
  LABML(DataRange.ZERO_TO_ONE, false, true, 0, 2e-5, 0, Double.POSITIVE_INFINITY, false),

  /** What Ho et al. did (arXiv 2006.11239, appendix B): better images. The default. */
  PAPER(DataRange.MINUS_ONE_TO_ONE, true, false, 0.9999, 2e-4, 5000, 1, true);

  private final DataRange dataRange;
  private final boolean clipX0;
  private final boolean noiseAtLastStep;
  private final double emaDecay;
  private final double learningRate;
  private final int warmupSteps;
  private final double maximumGradientNorm;
  private final boolean horizontalFlip;

  Preset(
      DataRange dataRange,
      boolean clipX0,
      boolean noiseAtLastStep,
      double emaDecay,
      double learningRate,
      int warmupSteps,
      double maximumGradientNorm,
      boolean horizontalFlip) {
    this.dataRange = dataRange;
    this.clipX0 = clipX0;
    this.noiseAtLastStep = noiseAtLastStep;
    this.emaDecay = emaDecay;
    this.learningRate = learningRate;
    this.warmupSteps = warmupSteps;
    this.maximumGradientNorm = maximumGradientNorm;
    this.horizontalFlip = horizontalFlip;
  }

  /** The interval of image values. */
  public DataRange dataRange() {
    return dataRange;
  }

  /** Whether x̂_0 is clipped to the data range while sampling. */
  public boolean clipX0() {
    return clipX0;
  }

  /** Whether the reverse step from t = 0 adds noise. */
  public boolean noiseAtLastStep() {
    return noiseAtLastStep;
  }

  /** Decay per optimiser step of the weights' moving average; 0 for none. */
  public double emaDecay() {
    return emaDecay;
  }

  /** Learning rate of Adam, after the warm-up. */
  public double learningRate() {
    return learningRate;
  }

  /** Optimiser steps over which the learning rate rises linearly from 0; 0 for none. */
  public int warmupSteps() {
    return warmupSteps;
  }

  /** Euclidean norm to which the whole gradient is clipped; infinite for no clipping. */
  public double maximumGradientNorm() {
    return maximumGradientNorm;
  }

  /** Whether training images are mirrored at random. */
  public boolean horizontalFlip() {
    return horizontalFlip;
  }
}
