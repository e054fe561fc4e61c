package dev.ddpm.diffusion;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.Arrays;

/**
 * The variances of the forward process, in double precision: how much noise each timestep adds and
 * how much signal is left. Immutable; this is what a driver sends to its workers.
 *
 * <p>Steps run from 0 (least noise) to {@link #steps()} − 1; step t here is step t+1 of the paper
 * (Ho et al., arXiv 2006.11239). A respaced schedule visits a selection of the timesteps of the one
 * that a model was trained on, or noise levels between them: {@link #time} gives the model's number
 * of each of its steps, and everything else refers to the shorter process.
 *
 * <p>The last step may leave no signal at all ({@link #zeroTerminalSnr}): its β is 1, its ᾱ is 0,
 * its {@link #sigma} is infinite and its {@link #halfLogSnr} negative infinite.
 */
public final class NoiseSchedule implements Serializable {
  private static final long serialVersionUID = 1L;

  /** First β of the linear schedule of the paper. */
  public static final double FIRST_BETA = 1e-4;

  /** Last β of the linear schedule of the paper. */
  public static final double LAST_BETA = 0.02;

  private static final double LOGISTIC_END = 6;
  private static final double COSINE_OFFSET = 0.008;
  private static final double COSINE_MAXIMUM_BETA = 0.999;

  private final double[] beta;
  private final double[] alphaBar;
  private final double[] times;

  private NoiseSchedule(double[] beta, double[] alphaBar, double[] times) {
    this.beta = beta;
    this.alphaBar = alphaBar;
    this.times = times;
  }

  /**
   * β from 10⁻⁴ to 0.02 in equal increments, both ends included.
   *
   * @throws DdpmException (user) if {@code steps} is not positive
   */
  public static NoiseSchedule linear(int steps) {
    return linear(steps, FIRST_BETA, LAST_BETA);
  }

  /**
   * β from {@code first} to {@code last} in equal increments, both ends included; a single step has
   * {@code first}.
   *
   * @throws DdpmException (user) if {@code steps} is not positive, or the ends are not in (0, 1)
   *     and in order
   */
  public static NoiseSchedule linear(int steps, double first, double last) {
    checkSteps(steps);
    checkBetas(first, last);
    double[] beta = new double[steps];
    for (int t = 0; t < steps; t++) {
      beta[t] = between(first, last, t, steps);
    }
    return ofBeta(beta);
  }

  /**
   * √β from that of {@code first} to that of {@code last} in equal increments, both ends included;
   * a single step has {@code first} (latent diffusion models: Rombach et al., arXiv 2112.10752).
   *
   * @throws DdpmException (user) if {@code steps} is not positive, or the ends are not in (0, 1)
   *     and in order
   */
  public static NoiseSchedule scaledLinear(int steps, double first, double last) {
    checkSteps(steps);
    checkBetas(first, last);
    double[] beta = new double[steps];
    for (int t = 0; t < steps; t++) {
      double root = between(Math.sqrt(first), Math.sqrt(last), t, steps);
      beta[t] = root * root;
    }
    return ofBeta(beta);
  }

  /**
   * β from near {@code first} to near {@code last} as the logistic function rises from −6 to 6: of
   * the way between them the first step has gone a 400th part, and the last step has as much left
   * (GeoDiff: Xu et al., arXiv 2203.02923).
   *
   * @throws DdpmException (user) if {@code steps} is not positive, or the ends are not in (0, 1)
   *     and in order
   */
  public static NoiseSchedule sigmoid(int steps, double first, double last) {
    checkSteps(steps);
    checkBetas(first, last);
    double[] beta = new double[steps];
    for (int t = 0; t < steps; t++) {
      double way = 1 / (1 + StrictMath.exp(-between(-LOGISTIC_END, LOGISTIC_END, t, steps)));
      beta[t] = first + (last - first) * way;
    }
    return ofBeta(beta);
  }

  /** One of several numbers at equal distances; if there is but one, the first. */
  private static double between(double first, double last, int index, int count) {
    return count == 1 ? first : first + (last - first) * index / (count - 1);
  }

  private static void checkBetas(double first, double last) {
    if (!(first > 0 && first <= last && last < 1)) {
      throw DdpmException.user(
          "The noise schedule goes from beta %s to %s: 0 < first <= last < 1 is needed.",
          first, last);
    }
  }

  /**
   * ᾱ falls like a squared cosine (Nichol and Dhariwal, arXiv 2102.09672, equation 17, s = 0.008),
   * with no β above 0.999.
   *
   * @throws DdpmException (user) if {@code steps} is not positive
   */
  public static NoiseSchedule cosine(int steps) {
    checkSteps(steps);
    double[] beta = new double[steps];
    for (int t = 0; t < steps; t++) {
      double ratio = cosineSignal((t + 1.0) / steps) / cosineSignal((double) t / steps);
      beta[t] = Math.min(1 - ratio, COSINE_MAXIMUM_BETA);
    }
    return ofBeta(beta);
  }

  private static double cosineSignal(double progress) {
    double cosine = StrictMath.cos((progress + COSINE_OFFSET) / (1 + COSINE_OFFSET) * Math.PI / 2);
    return cosine * cosine;
  }

  /**
   * The schedule of these β.
   *
   * @param beta of each step, in (0, 1)
   */
  static NoiseSchedule ofBeta(double[] beta) {
    double[] alphaBar = new double[beta.length];
    double[] times = new double[beta.length];
    double product = 1;
    for (int t = 0; t < beta.length; t++) {
      product *= 1 - beta[t];
      alphaBar[t] = product;
      times[t] = t;
    }
    return new NoiseSchedule(beta, alphaBar, times);
  }

  /**
   * This schedule with a last step that leaves no signal: √ᾱ is shifted to end at 0, and scaled to
   * begin where it began (Lin et al., arXiv 2305.08891, algorithm 1).
   *
   * @throws DdpmException (user) if there is one step only, which cannot do both, or a step before
   *     the last has no signal either
   */
  NoiseSchedule zeroTerminalSnr() {
    int last = steps() - 1;
    if (last == 0) {
      throw DdpmException.user(
          "A noise schedule of 1 step cannot end without signal: at least 2 are needed.");
    }
    double shift = signal(last);
    double scale = signal(0) / (signal(0) - shift);
    double[] rescaledBeta = beta.clone();
    double[] rescaledAlphaBar = alphaBar.clone();
    for (int t = 1; t <= last; t++) {
      double signal = (signal(t) - shift) * scale;
      rescaledAlphaBar[t] = signal * signal;
      if (t < last && !(rescaledAlphaBar[t] > 0)) {
        throw DdpmException.user(
            "The noise schedule leaves no signal in step %d already, and not only in the last, %d.",
            t, last);
      }
      rescaledBeta[t] = 1 - rescaledAlphaBar[t] / rescaledAlphaBar[t - 1];
    }
    return new NoiseSchedule(rescaledBeta, rescaledAlphaBar, times);
  }

  private static void checkSteps(int steps) {
    if (steps < 1) {
      throw DdpmException.user("The noise schedule has %d steps: at least 1 is needed.", steps);
    }
  }

  /**
   * The process that visits only some of the steps: ᾱ is kept, and β follows from the ratio of
   * neighbours.
   *
   * @param selection steps of this schedule, increasing
   * @throws DdpmException (user) if it is empty, not increasing or not within this schedule
   */
  public NoiseSchedule respaced(int[] selection) {
    if (selection.length == 0) {
      throw DdpmException.user("No timesteps are selected: at least 1 is needed.");
    }
    double[] keptBeta = new double[selection.length];
    double[] keptAlphaBar = new double[selection.length];
    double[] keptTimes = new double[selection.length];
    int previous = -1;
    double previousAlphaBar = 1;
    for (int i = 0; i < selection.length; i++) {
      int t = selection[i];
      if (t <= previous || t >= steps()) {
        throw DdpmException.user(
            "The selected timesteps %s are not increasing within 0..%d.",
            Arrays.toString(selection), steps() - 1);
      }
      keptAlphaBar[i] = alphaBar[t];
      // Neighbours keep their β exactly, rather than up to the rounding of the quotient.
      keptBeta[i] = t == previous + 1 ? beta[t] : 1 - alphaBar[t] / previousAlphaBar;
      keptTimes[i] = times[t];
      previous = t;
      previousAlphaBar = alphaBar[t];
    }
    return new NoiseSchedule(keptBeta, keptAlphaBar, keptTimes);
  }

  /**
   * This respaced process with the first step of the one that it was taken from before its own.
   *
   * @param training the longer process, whose first step is not in this one
   */
  public NoiseSchedule withFirst(NoiseSchedule training) {
    int[] selection = new int[steps() + 1];
    for (int i = 0; i < steps(); i++) {
      selection[i + 1] = timestep(i);
    }
    return training.respaced(selection);
  }

  /**
   * The process that visits given timesteps, whole numbers or not. Between two steps of this
   * schedule the ratio of noise to signal, {@link #sigma}, is interpolated linearly; or, up to a
   * step without signal, its inverse.
   *
   * @param wanted steps of this schedule, increasing, in 0..steps−1
   */
  NoiseSchedule atTimes(double[] wanted) {
    double[] sigmas = new double[wanted.length];
    for (int i = 0; i < wanted.length; i++) {
      int below = Math.min((int) wanted[i], steps() - 1);
      sigmas[i] = sigmaAbove(below, wanted[i] - below);
    }
    return ofSigmas(sigmas, wanted);
  }

  /** σ at a share, from 0 to below 1, of the way from a step to the next. */
  private double sigmaAbove(int below, double share) {
    double low = sigma(below);
    if (share == 0) {
      return low;
    }
    return hasSignal(below + 1) ? low + share * (sigma(below + 1) - low) : low / (1 - share);
  }

  /**
   * The process that visits given noise levels. The model is told the timestep at which the
   * logarithm of {@link #sigma}, interpolated linearly between the steps of this schedule, has
   * their value; or, up to a step without signal, its inverse.
   *
   * @param sigmas ratios of noise to signal, increasing; those beyond the ends of this schedule are
   *     told as its first or last timestep
   */
  NoiseSchedule atSigmas(double[] sigmas) {
    double[] found = new double[sigmas.length];
    for (int i = 0; i < sigmas.length; i++) {
      found[i] = timeOf(sigmas[i]);
    }
    return ofSigmas(sigmas, found);
  }

  private double timeOf(double sigma) {
    int above = 0;
    while (above < steps() && sigma(above) <= sigma) {
      above++;
    }
    if (above == 0 || above == steps()) {
      return times[Math.max(above - 1, 0)];
    }
    double share;
    if (hasSignal(above)) {
      double low = StrictMath.log(sigma(above - 1));
      share = (StrictMath.log(sigma) - low) / (StrictMath.log(sigma(above)) - low);
    } else {
      share = 1 - sigma(above - 1) / sigma;
    }
    return times[above - 1] + share * (times[above] - times[above - 1]);
  }

  private static NoiseSchedule ofSigmas(double[] sigmas, double[] times) {
    double[] beta = new double[sigmas.length];
    double[] alphaBar = new double[sigmas.length];
    double previous = 1;
    for (int i = 0; i < sigmas.length; i++) {
      alphaBar[i] = 1 / (1 + sigmas[i] * sigmas[i]);
      beta[i] = 1 - alphaBar[i] / previous;
      previous = alphaBar[i];
    }
    return new NoiseSchedule(beta, alphaBar, times.clone());
  }

  /** The number of steps: T, or fewer if respaced. */
  public int steps() {
    return beta.length;
  }

  /**
   * The timestep that the model is told at a step: the same number, unless respaced. It lies
   * between two of the training where the noise level does.
   */
  public double time(int t) {
    return times[t];
  }

  /** {@link #time}, rounded to the nearest timestep of the training. */
  public int timestep(int t) {
    return (int) Math.rint(times[t]);
  }

  /** β_t: the variance of the noise that step t adds, in (0, 1]. */
  public double beta(int t) {
    return beta[t];
  }

  /** α_t = 1 − β_t. */
  public double alpha(int t) {
    return 1 - beta[t];
  }

  /** ᾱ_t: the product of α up to and including t, the share of the signal in the variance. */
  public double alphaBar(int t) {
    return alphaBar[t];
  }

  /** Whether anything of the image is left at a step: ᾱ_t &gt; 0. */
  public boolean hasSignal(int t) {
    return alphaBar[t] > 0;
  }

  /** ᾱ of the step before t; 1 for t = 0, where the image is clean. */
  public double alphaBarPrevious(int t) {
    return t == 0 ? 1 : alphaBar[t - 1];
  }

  /** √ᾱ_t: the factor of x_0 in x_t. */
  public double signal(int t) {
    return Math.sqrt(alphaBar[t]);
  }

  /** √(1−ᾱ_t): the factor of ε in x_t. */
  public double noise(int t) {
    return Math.sqrt(1 - alphaBar[t]);
  }

  /** β̃_t = (1−ᾱ_{t−1})/(1−ᾱ_t)·β_t: the variance of q(x_{t−1} | x_t, x_0); 0 for t = 0. */
  public double posteriorVariance(int t) {
    return (1 - alphaBarPrevious(t)) / (1 - alphaBar[t]) * beta[t];
  }

  /** √ᾱ_{t−1}·β_t/(1−ᾱ_t): the factor of x_0 in the mean of q(x_{t−1} | x_t, x_0). */
  public double posteriorX0Coefficient(int t) {
    return Math.sqrt(alphaBarPrevious(t)) * beta[t] / (1 - alphaBar[t]);
  }

  /** √α_t·(1−ᾱ_{t−1})/(1−ᾱ_t): the factor of x_t in the mean of q(x_{t−1} | x_t, x_0). */
  public double posteriorXtCoefficient(int t) {
    return Math.sqrt(alpha(t)) * (1 - alphaBarPrevious(t)) / (1 - alphaBar[t]);
  }

  /** ᾱ_t/(1−ᾱ_t): the signal-to-noise ratio. */
  public double snr(int t) {
    return alphaBar[t] / (1 - alphaBar[t]);
  }

  /** √((1−ᾱ_t)/ᾱ_t): the ratio of noise to signal, σ of Karras et al. (arXiv 2206.00364). */
  public double sigma(int t) {
    return Math.sqrt((1 - alphaBar[t]) / alphaBar[t]);
  }

  /** log(ᾱ_t/(1−ᾱ_t))/2: half the logarithm of the signal-to-noise ratio, λ of DPM-Solver. */
  public double halfLogSnr(int t) {
    return (StrictMath.log(alphaBar[t]) - StrictMath.log(1 - alphaBar[t])) / 2;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoiseSchedule that
        && Arrays.equals(beta, that.beta)
        && Arrays.equals(alphaBar, that.alphaBar)
        && Arrays.equals(times, that.times);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(beta) + Arrays.hashCode(times);
  }

  @Override
  public String toString() {
    return "NoiseSchedule[" + steps() + " steps, last timestep " + timestep(steps() - 1) + "]";
  }
}
