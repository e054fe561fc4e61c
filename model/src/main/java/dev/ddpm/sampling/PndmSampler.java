package dev.ddpm.sampling;

import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Visits;

/**
 * Pseudo-numerical methods for diffusion models (Liu et al., arXiv 2202.09778): a step of {@link
 * DdimSampler} with η = 0 along ε' in place of ε̂, where ε' is that of Adams' and Bashforth's
 * method of the fourth order,
 *
 * <pre>ε' = (55·ε̂ − 59·ε̂_before + 37·ε̂_twice − 9·ε̂_thrice)/24.</pre>
 *
 * The first three steps have not enough before them. They are steps of Runge and Kutta's method,
 * which asks the model four times: at the start, twice halfway, and at the end,
 *
 * <pre>ε' = (ε̂ + 2·ε̂_halfway + 2·ε̂_halfway again + ε̂_end)/6;</pre>
 *
 * or, without levels halfway, the first is one of {@link HeunSampler}'s kind, along the mean of ε̂
 * at both of its ends, and the next ones are of a lower order. That is known as PLMS.
 *
 * <p>From a level without signal, of which ε' tells no image, the method begins after a step of
 * {@link EulerSampler}'s, which needs none.
 *
 * @param schedule the noise levels to pass through, those halfway among them
 * @param halves how many of the first steps have a level halfway, at most 3
 * @param lastAlphaBar ᾱ of the images that the last step leads to: 1 for clean ones, or that of the
 *     training's first step, with the little noise that it has
 */
public record PndmSampler(NoiseSchedule schedule, int halves, double lastAlphaBar)
    implements Sampler {
  /** The images at the start of a step that is made more than once. */
  private static final int START = 0;

  /** The sum of Runge and Kutta's ε̂. */
  private static final int SUM = 1;

  /** ε̂ of the whole steps before, the last one first. */
  private static final int HISTORY = 2;

  private static final int ORDER = 4;

  /** Factors of ε̂ and of those before it, by how many there are before it. */
  private static final double[][] FACTORS = {
    {1, 0, 0, 0},
    {3 / 2d, -1 / 2d, 0, 0},
    {23 / 12d, -16 / 12d, 5 / 12d, 0},
    {55 / 24d, -59 / 24d, 37 / 24d, -9 / 24d}
  };

  /**
   * The method whose first steps are Runge and Kutta's.
   *
   * @param training schedule of the model's training
   * @param visits which levels are visited by whole steps
   * @throws dev.ddpm.DdpmException (user) if the schedule has no such levels
   */
  public static PndmSampler rungeKutta(NoiseSchedule training, Visits visits, double lastAlphaBar) {
    return new PndmSampler(visits.halved(training), visits.halves(training), lastAlphaBar);
  }

  /**
   * The method without Runge and Kutta's steps.
   *
   * @param training schedule of the model's training
   * @param visits which levels are visited
   * @throws dev.ddpm.DdpmException (user) if the schedule has no such levels
   */
  public static PndmSampler plms(NoiseSchedule training, Visits visits, double lastAlphaBar) {
    return new PndmSampler(visits.markov(training), 0, lastAlphaBar);
  }

  @Override
  public int lastStep() {
    return 0;
  }

  @Override
  public boolean needsNoise(int step) {
    return false;
  }

  /** Runge and Kutta's steps are two each, from the start and from halfway. */
  @Override
  public boolean corrects(int step) {
    int position = position(step);
    return halves > 0 ? position >= 0 && position < 2 * halves : position == 0 && step > 0;
  }

  @Override
  public int keeps() {
    return HISTORY + ORDER - 1;
  }

  /** How many steps of the method come before; −1 of the one from a level without signal. */
  private int position(int step) {
    int last = schedule.steps() - 1;
    return (schedule.hasSignal(last) ? last : last - 1) - step;
  }

  private boolean isHalfway(int step) {
    int position = position(step);
    return position < 2 * halves && position % 2 == 1;
  }

  @Override
  public void step(int step, StepState state, int length) {
    if (position(step) < 0) {
      EulerSampler.towards(
          step == 0 ? lastAlphaBar : schedule.alphaBarPrevious(step), state, length);
      return;
    }
    if (isHalfway(step)) {
      fromHalfway(step, state, length);
      return;
    }
    if (corrects(step)) {
      System.arraycopy(state.x, 0, state.kept[START], 0, length);
      System.arraycopy(state.epsilon, 0, state.kept[SUM], 0, length);
      move(state.x, state.epsilon, step, step - 1, state.x, length);
      remember(state, length);
      return;
    }
    int before = wholeStepsBefore(step, state);
    double[] factors = FACTORS[Math.min(before, ORDER - 1)];
    float factor = (float) factors[0];
    float first = (float) factors[1];
    float second = (float) factors[2];
    float third = (float) factors[3];
    float[] epsilon = state.epsilon;
    // What there is nothing of has the factor 0, and must be finite.
    float[] one = before > 0 ? state.kept[HISTORY] : epsilon;
    float[] two = before > 1 ? state.kept[HISTORY + 1] : epsilon;
    float[] three = before > 2 ? state.kept[HISTORY + 2] : epsilon;
    float[] mixed = state.kept[SUM];
    for (int i = 0; i < length; i++) {
      mixed[i] = factor * epsilon[i] + first * one[i] + second * two[i] + third * three[i];
    }
    move(state.x, mixed, step, step - 1, state.x, length);
    remember(state, length);
  }

  /** Once more from the start, now to the end; of a process that begins halfway, from there. */
  private void fromHalfway(int step, StepState state, int length) {
    if (state.previousStep < 0) {
      move(state.x, state.epsilon, step, step - 1, state.x, length);
      return;
    }
    add(2, state.epsilon, state.kept[SUM], length);
    move(state.kept[START], state.epsilon, step + 1, step - 1, state.x, length);
  }

  @Override
  public void correct(int step, StepState state, int length) {
    float[] sum = state.kept[SUM];
    if (halves == 0) {
      add(1, state.epsilon, sum, length);
      scale(0.5f, sum, length);
      move(state.kept[START], sum, step, step - 1, state.x, length);
    } else if (!isHalfway(step)) {
      add(2, state.epsilon, sum, length);
      move(state.kept[START], state.epsilon, step, step - 1, state.x, length);
    } else if (state.previousStep >= 0) {
      add(1, state.epsilon, sum, length);
      scale(1 / 6f, sum, length);
      move(state.kept[START], sum, step + 1, step - 1, state.x, length);
    }
  }

  /** How many whole steps of the process, up to three, the history has. */
  private int wholeStepsBefore(int step, StepState state) {
    int whole = 0;
    for (int earlier = step + 1; earlier <= step + state.taken && whole < ORDER; earlier++) {
      whole += isHalfway(earlier) || position(earlier) < 0 ? 0 : 1;
    }
    return whole;
  }

  private static void remember(StepState state, int length) {
    float[] oldest = state.kept[HISTORY + 2];
    System.arraycopy(state.epsilon, 0, oldest, 0, length);
    state.kept[HISTORY + 2] = state.kept[HISTORY + 1];
    state.kept[HISTORY + 1] = state.kept[HISTORY];
    state.kept[HISTORY] = oldest;
  }

  private static void add(float factor, float[] x, float[] sum, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += factor * x[i];
    }
  }

  private static void scale(float factor, float[] x, int length) {
    for (int i = 0; i < length; i++) {
      x[i] *= factor;
    }
  }

  /** DDIM's step from one level to another, in which nothing cancels between close ones. */
  private void move(float[] x, float[] epsilon, int from, int to, float[] out, int length) {
    double alphaBar = schedule.alphaBar(from);
    double reached = to < 0 ? lastAlphaBar : schedule.alphaBar(to);
    float keep = (float) Math.sqrt(reached / alphaBar);
    float add =
        (float)
            ((alphaBar - reached)
                / (alphaBar * Math.sqrt(1 - reached)
                    + Math.sqrt(alphaBar * (1 - alphaBar) * reached)));
    for (int i = 0; i < length; i++) {
      out[i] = keep * x[i] + add * epsilon[i];
    }
  }
}
