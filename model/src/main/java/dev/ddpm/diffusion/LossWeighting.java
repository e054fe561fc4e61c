package dev.ddpm.diffusion;

/**
 * How much the squared error of an image counts in the loss that is trained on, by the
 * signal-to-noise ratio SNR_t = ᾱ_t/(1−ᾱ_t) of its timestep.
 */
public enum LossWeighting {
  /** The same at all timesteps: L_simple (Ho et al., arXiv 2006.11239, equation 14). */
  UNIFORM {
    @Override
    public double at(double snr, Prediction prediction) {
      return 1;
    }
  },

  /**
   * min(SNR, γ) for the squared error of x_0, with γ = 5 (Hang et al., arXiv 2303.09556), and what
   * this is for the squared errors of the other predictions: timesteps of little noise, where the
   * task is easy, count less than in the variational bound.
   */
  MIN_SNR {
    @Override
    public double at(double snr, Prediction prediction) {
      return switch (prediction) {
        // min(SNR, γ)/SNR, also where no signal is left
        case EPSILON -> snr <= GAMMA ? 1 : GAMMA / snr;
        case X0 -> Math.min(snr, GAMMA);
        case V -> Math.min(snr, GAMMA) / (snr + 1);
      };
    }
  };

  private static final double GAMMA = 5;

  /**
   * The factor of an image's squared error.
   *
   * @param snr signal-to-noise ratio of its timestep, at least 0
   * @param prediction what the error is an error of
   */
  public abstract double at(double snr, Prediction prediction);
}
