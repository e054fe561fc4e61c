package dev.ddpm.diffusion;

import java.io.Serializable;

/** A noise schedule as data: what a configuration says and a model folder stores. */
public sealed interface ScheduleSpec extends Serializable {

  /** The linear schedule of the paper with 1000 steps. */
  ScheduleSpec PAPER = new Linear(1000, NoiseSchedule.FIRST_BETA, NoiseSchedule.LAST_BETA);

  /** The number of steps T. */
  int steps();

  /** Computes the schedule. */
  NoiseSchedule build();

  /**
   * {@link NoiseSchedule#linear(int, double, double)}.
   *
   * @param steps number of steps T, at least 1
   * @param firstBeta β_0, in (0, 1)
   * @param lastBeta β of the last step, at least {@code firstBeta} and below 1
   */
  record Linear(int steps, double firstBeta, double lastBeta) implements ScheduleSpec {
    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.linear(steps, firstBeta, lastBeta);
    }
  }

  /**
   * {@link NoiseSchedule#cosine(int)}.
   *
   * @param steps number of steps T, at least 1
   */
  record Cosine(int steps) implements ScheduleSpec {
    @Override
    public NoiseSchedule build() {
      return NoiseSchedule.cosine(steps);
    }
  }
}
