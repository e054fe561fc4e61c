package dev.ddpm.diffusion;

/**
 * What a model is trained to predict. All three are the same knowledge in other coordinates: with a
 * = √ᾱ_t and s = √(1−ᾱ_t), x_t = a·x_0 + s·ε, and each quantity is a linear combination of x_t and
 * the model's output. The methods here are the factors of these combinations.
 */
public enum Prediction {
  /** The noise ε (Ho et al., arXiv 2006.11239). */
  EPSILON("ε"),
  /** The clean image x_0. */
  X0("x₀"),
  /** The velocity v = a·ε − s·x_0 (Salimans and Ho, arXiv 2202.00512). */
  V("v");

  private final String symbol;

  Prediction(String symbol) {
    this.symbol = symbol;
  }

  /** As the papers write it. */
  public String symbol() {
    return symbol;
  }

  /** Factor of x_t in x̂_0. */
  double x0FromXt(double a, double s) {
    return switch (this) {
      case EPSILON -> 1 / a;
      case X0 -> 0;
      case V -> a;
    };
  }

  /** Factor of the model's output in x̂_0. */
  double x0FromOutput(double a, double s) {
    return switch (this) {
      case EPSILON -> -s / a;
      case X0 -> 1;
      case V -> -s;
    };
  }

  /** Factor of x_t in ε̂. */
  double epsilonFromXt(double a, double s) {
    return switch (this) {
      case EPSILON -> 0;
      case X0 -> 1 / s;
      case V -> s;
    };
  }

  /** Factor of the model's output in ε̂. */
  double epsilonFromOutput(double a, double s) {
    return switch (this) {
      case EPSILON -> 1;
      case X0 -> -a / s;
      case V -> a;
    };
  }

  /** Factor of x_0 in what the output should be. */
  double targetFromX0(double a, double s) {
    return switch (this) {
      case EPSILON -> 0;
      case X0 -> 1;
      case V -> -s;
    };
  }

  /** Factor of ε in what the output should be. */
  double targetFromEpsilon(double a, double s) {
    return switch (this) {
      case EPSILON -> 1;
      case X0 -> 0;
      case V -> a;
    };
  }

  /**
   * Whether float32 has numbers enough to compute the image from what the network puts out.
   *
   * @param signal share of the image in what the network sees, 0 to 1
   * @param noise share of the noise
   */
  public boolean tellsImage(double signal, double noise) {
    return Float.isFinite((float) x0FromXt(signal, noise))
        && Float.isFinite((float) x0FromOutput(signal, noise));
  }
}
