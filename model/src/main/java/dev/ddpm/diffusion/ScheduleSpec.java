package dev.ddpm.diffusion;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.List;

/** A noise schedule as data: what a configuration says and a model folder stores. */
public sealed interface ScheduleSpec extends Serializable {

  /** The linear schedule of the paper with 1000 steps. */
  ScheduleSpec PAPER = new Linear(1000, NoiseSchedule.FIRST_BETA, NoiseSchedule.LAST_BETA);

  /** The most steps that a schedule may have. */
  int MAXIMUM_STEPS = 100_000;

  /** The number of steps T, from 1 to {@value #MAXIMUM_STEPS}. */
  int steps();

  /** Computes the schedule. */
  NoiseSchedule build();

  /**
   * {@link NoiseSchedule#linear(int, double, double)}.
   *
   * @param steps number of steps T, from 1 to {@value #MAXIMUM_STEPS}
   * @param firstBeta β_0, in (0, 1)
   * @param lastBeta β of the last step, at least {@code firstBeta} and below 1
   */
  record Linear(int steps, double firstBeta, double lastBeta) implements ScheduleSpec {
    /**
     * Checks the values.
     *
     * @throws DdpmException (user) naming the one that is out of range
     */
    public Linear {
      requireSteps(steps);
      requireBetas(firstBeta, lastBeta);
    }

    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.linear(steps, firstBeta, lastBeta);
    }
  }

  /**
   * {@link NoiseSchedule#scaledLinear(int, double, double)}.
   *
   * @param steps number of steps T, from 1 to {@value #MAXIMUM_STEPS}
   * @param firstBeta β_0, in (0, 1)
   * @param lastBeta β of the last step, at least {@code firstBeta} and below 1
   */
  record ScaledLinear(int steps, double firstBeta, double lastBeta) implements ScheduleSpec {
    /**
     * Checks the values.
     *
     * @throws DdpmException (user) naming the one that is out of range
     */
    public ScaledLinear {
      requireSteps(steps);
      requireBetas(firstBeta, lastBeta);
    }

    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.scaledLinear(steps, firstBeta, lastBeta);
    }
  }

  /**
   * {@link NoiseSchedule#sigmoid(int, double, double)}.
   *
   * @param steps number of steps T, from 1 to {@value #MAXIMUM_STEPS}
   * @param firstBeta where β comes from, in (0, 1)
   * @param lastBeta where it goes to, at least {@code firstBeta} and below 1
   */
  record Sigmoid(int steps, double firstBeta, double lastBeta) implements ScheduleSpec {
    /**
     * Checks the values.
     *
     * @throws DdpmException (user) naming the one that is out of range
     */
    public Sigmoid {
      requireSteps(steps);
      requireBetas(firstBeta, lastBeta);
    }

    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.sigmoid(steps, firstBeta, lastBeta);
    }
  }

  /**
   * β of every step, of an imported model that has a schedule of its own.
   *
   * @param betas β_0, β_1, …, each in (0, 1); from 1 to {@value #MAXIMUM_STEPS}
   */
  record Betas(List<Double> betas) implements ScheduleSpec {
    /**
     * Checks the values.
     *
     * @throws DdpmException (user) naming the one that is out of range
     */
    public Betas {
      betas = List.copyOf(betas);
      requireSteps(betas.size());
      for (int t = 0; t < betas.size(); t++) {
        double beta = betas.get(t);
        if (!(beta > 0 && beta < 1) || 1 - beta == 1) {
          throw DdpmException.user(
              "betas has %s in place %d: must be above 0, so much that it adds noise, and below 1.",
              beta, t);
        }
      }
    }

    @Override
    public int steps() {
      return betas.size();
    }

    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.ofBeta(betas.stream().mapToDouble(Double::doubleValue).toArray());
    }
  }

  /**
   * {@link NoiseSchedule#cosine(int)}.
   *
   * @param steps number of steps T, from 1 to {@value #MAXIMUM_STEPS}
   */
  record Cosine(int steps) implements ScheduleSpec {
    /**
     * Checks the steps.
     *
     * @throws DdpmException (user) if they are out of range
     */
    public Cosine {
      requireSteps(steps);
    }

    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.cosine(steps);
    }
  }

  /**
   * {@link NoiseSchedule#zeroTerminalSnr} of another schedule.
   *
   * @param rescaled which one; of at least 2 steps, and none that ends without signal already
   */
  record ZeroTerminalSnr(ScheduleSpec rescaled) implements ScheduleSpec {
    /**
     * Checks the other schedule.
     *
     * @throws DdpmException (user) if it cannot be rescaled
     */
    public ZeroTerminalSnr {
      if (rescaled.steps() < 2) {
        throw DdpmException.user(
            "steps = %d: must be at least 2 for the last to be without signal.", rescaled.steps());
      }
      if (rescaled instanceof ZeroTerminalSnr) {
        throw DdpmException.user("rescaled is a schedule that ends without signal already.");
      }
    }

    @Override
    public int steps() {
      return rescaled.steps();
    }

    @Override
    public NoiseSchedule build() {
      return rescaled.build().zeroTerminalSnr();
    }
  }

  private static void requireBetas(double firstBeta, double lastBeta) {
    if (!(firstBeta > 0 && firstBeta < 1)) {
      throw DdpmException.user("first_beta = %s: must be above 0 and below 1.", firstBeta);
    }
    if (1 - firstBeta == 1) {
      throw DdpmException.user(
          "first_beta = %s: is so small that the first step would add no noise at all.", firstBeta);
    }
    if (!(lastBeta >= firstBeta && lastBeta < 1)) {
      throw DdpmException.user(
          "last_beta = %s: must be at least first_beta = %s and below 1.", lastBeta, firstBeta);
    }
  }

  private static void requireSteps(int steps) {
    if (steps < 1 || steps > MAXIMUM_STEPS) {
      throw DdpmException.user("steps = %d: must be from 1 to %d.", steps, MAXIMUM_STEPS);
    }
  }
}
