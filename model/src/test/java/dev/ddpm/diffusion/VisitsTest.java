package dev.ddpm.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VisitsTest {
  private static final NoiseSchedule TRAINING = NoiseSchedule.linear(1000);

  private static Visits visits(int steps, TimestepSpacing spacing, int offset) {
    return new Visits(steps, spacing, offset, NoiseLevels.SCHEDULE);
  }

  private static Visits karras(int steps, TimestepSpacing spacing) {
    return new Visits(steps, spacing, 0, NoiseLevels.KARRAS);
  }

  private static double[] times(NoiseSchedule visited) {
    return IntStream.range(0, visited.steps()).mapToDouble(visited::time).toArray();
  }

  @Test
  void everyFamilyCountsInItsWay() {
    assertThat(times(Visits.of(5).markov(TRAINING))).containsExactly(0, 250, 500, 749, 999);
    assertThat(times(Visits.of(5).multistep(TRAINING))).containsExactly(200, 400, 599, 799, 999);
    assertThat(times(Visits.of(5).continuous(TRAINING)))
        .containsExactly(0, 249.75, 499.5, 749.25, 999);
  }

  @Test
  void onlyLeadingTimestepsAreShifted() {
    assertThat(times(visits(4, TimestepSpacing.LEADING, 1).markov(TRAINING)))
        .containsExactly(1, 251, 501, 751);
    assertThat(times(visits(4, TimestepSpacing.LEADING, 1).multistep(TRAINING)))
        .containsExactly(201, 401, 601, 801);
    assertThat(times(visits(4, TimestepSpacing.LEADING, 1).continuous(TRAINING)))
        .containsExactly(1, 251, 501, 751);
    assertThat(times(visits(4, TimestepSpacing.TRAILING, 1).multistep(TRAINING)))
        .containsExactly(249, 499, 749, 999);
    assertThat(times(visits(4, TimestepSpacing.LINSPACE, 1).markov(TRAINING)))
        .containsExactly(0, 333, 666, 999);
  }

  /** All timesteps leave no room to be shifted. */
  @ParameterizedTest
  @EnumSource(TimestepSpacing.class)
  void allTimestepsAreThemselves(TimestepSpacing spacing) {
    Visits all = visits(1000, spacing, 0);
    assertThat(all.markov(TRAINING)).isEqualTo(TRAINING);
    assertThat(all.multistep(TRAINING)).isEqualTo(TRAINING);
    assertThat(all.continuous(TRAINING)).isEqualTo(TRAINING);
    Visits shifted = visits(1000, spacing, 1);
    if (spacing == TimestepSpacing.LEADING) {
      String message =
          "the steps-offset = 1 must be at most 0, because with 1000 of 1000 timesteps the last one"
              + " is 999.";
      assertThatThrownBy(() -> shifted.markov(TRAINING)).hasMessage(message);
      assertThatThrownBy(() -> shifted.multistep(TRAINING)).hasMessage(message);
      assertThatThrownBy(() -> shifted.continuous(TRAINING)).hasMessage(message);
    } else {
      assertThat(shifted.markov(TRAINING)).isEqualTo(TRAINING);
    }
  }

  @Test
  void theFirstStepsAreHalved() {
    assertThat(times(visits(7, TimestepSpacing.LEADING, 1).halved(TRAINING)))
        .containsExactly(1, 143, 285, 427, 498, 569, 640, 711, 782, 853);
    assertThat(times(visits(3, TimestepSpacing.LEADING, 0).halved(TRAINING)))
        .containsExactly(0, 167, 333, 500, 666);
    assertThat(times(visits(1, TimestepSpacing.LEADING, 0).halved(TRAINING))).containsExactly(0);
    assertThat(times(Visits.of(5).halved(NoiseSchedule.linear(5))))
        .containsExactly(0, 1, 1.5, 2, 2.5, 3, 3.5, 4);
  }

  /** Wherever a timestep is visited that the training has, the noise is the training's. */
  @Test
  void noiseBetweenTimestepsIsInterpolated() {
    NoiseSchedule visited = Visits.of(5).continuous(TRAINING);

    assertThat(visited.alphaBar(4)).isCloseTo(TRAINING.alphaBar(999), within(1e-15));
    assertThat(visited.sigma(2))
        .isCloseTo((TRAINING.sigma(499) + TRAINING.sigma(500)) / 2, within(1e-9));
    assertThat(visited.timestep(2)).isEqualTo(500);
    assertThat(1 - visited.beta(3))
        .isCloseTo(visited.alphaBar(3) / visited.alphaBar(2), within(1e-12));
  }

  /** As the golden vectors of diffusers have them. */
  @Test
  void solversTakeTheTimestepsNearestToKarrasLevels() {
    assertThat(times(karras(10, TimestepSpacing.LINSPACE).multistep(TRAINING)))
        .containsExactly(0, 18, 102, 301, 511, 663, 775, 864, 937, 999);
    assertThat(karras(200, TimestepSpacing.LINSPACE).multistep(TRAINING).steps())
        .isBetween(100, 199);
  }

  @Test
  void karrasLevelsLieBetweenTheEndsOfTheSpacing() {
    NoiseSchedule visited = karras(10, TimestepSpacing.LEADING).continuous(TRAINING);

    assertThat(visited.sigma(0)).isCloseTo(TRAINING.sigma(0), within(1e-9));
    assertThat(visited.sigma(9)).isCloseTo(TRAINING.sigma(900), within(1e-9));
    double middle = Math.pow(visited.sigma(4), 1 / 7.0);
    double distance = middle - Math.pow(visited.sigma(3), 1 / 7.0);
    assertThat(Math.pow(visited.sigma(5), 1 / 7.0) - middle).isCloseTo(distance, within(1e-9));
    assertThat(times(visited)).startsWith(0).isSorted();
    // The model is told where between two timesteps the logarithm of the level lies.
    int below = (int) visited.time(4);
    double share = visited.time(4) - below;
    assertThat(Math.log(visited.sigma(4)))
        .isCloseTo(
            (1 - share) * Math.log(TRAINING.sigma(below))
                + share * Math.log(TRAINING.sigma(below + 1)),
            within(1e-9));
    assertThat(share).isBetween(0.001, 0.999);
  }

  /** σ is infinite at the last timestep: its inverse falls to 0 where σ cannot rise to it. */
  @Test
  void noiseBetweenTheLastTimestepsIsInterpolatedByItsInverse() {
    NoiseSchedule training = TRAINING.zeroTerminalSnr();
    NoiseSchedule visited = training.atTimes(new double[] {998, 998.75, 999});

    assertThat(1 / visited.sigma(1)).isCloseTo(0.25 / training.sigma(998), within(1e-12));
    assertThat(visited.hasSignal(1)).isTrue();
    assertThat(visited.hasSignal(2)).isFalse();
    assertThat(visited.beta(2)).isOne();
    NoiseSchedule found =
        training.atSigmas(new double[] {visited.sigma(1), Double.POSITIVE_INFINITY});
    assertThat(found.time(0)).isCloseTo(998.75, within(1e-6));
    assertThat(found.time(1)).isEqualTo(999);
  }

  /** Below the level without signal they end where ᾱ = 2⁻²⁴. */
  @ParameterizedTest
  @EnumSource(TimestepSpacing.class)
  void karrasLevelsReachTheOneWithoutSignal(TimestepSpacing spacing) {
    if (spacing == TimestepSpacing.LEADING) {
      return;
    }
    NoiseSchedule training = TRAINING.zeroTerminalSnr();
    NoiseSchedule visited = karras(30, spacing).continuous(training);

    assertThat(visited.time(29)).isEqualTo(999);
    assertThat(visited.hasSignal(29)).isFalse();
    double first = Math.pow(visited.sigma(0), 1 / 7.0);
    double distance = Math.pow(visited.sigma(1), 1 / 7.0) - first;
    assertThat(Math.pow(visited.sigma(28), 1 / 7.0)).isCloseTo(first + 28 * distance, within(1e-9));
    assertThat(Math.pow(first + 29 * distance, 7)).isCloseTo(4096, within(1.0));
    assertThat(times(visited)).isSorted().doesNotHaveDuplicates();
    assertThat(times(karras(30, spacing).multistep(training))).endsWith(999).isSorted();
    assertThat(karras(1, spacing).continuous(training).hasSignal(0)).isFalse();
  }

  @Test
  void stepsAreHalvedBelowTheOneWithoutSignal() {
    NoiseSchedule training = TRAINING.zeroTerminalSnr();

    assertThat(times(Visits.of(5).halved(training)))
        .containsExactly(0, 125, 250, 375, 500, 625, 749, 999);
    assertThat(Visits.of(5).halves(training)).isEqualTo(3);
    assertThat(times(Visits.of(2).halved(training))).containsExactly(0, 999);
    assertThat(Visits.of(1).halves(training)).isZero();
  }

  @ParameterizedTest
  @EnumSource(TimestepSpacing.class)
  void oneStepAndAllStepsCanBeTaken(TimestepSpacing spacing) {
    for (NoiseLevels levels : NoiseLevels.values()) {
      Visits one = new Visits(1, spacing, 0, levels);
      assertThat(one.markov(TRAINING).steps()).isEqualTo(1);
      assertThat(one.multistep(TRAINING).steps()).isEqualTo(1);
      assertThat(one.continuous(TRAINING).steps()).isEqualTo(1);
      Visits all = new Visits(1000, spacing, 0, levels);
      assertThat(all.markov(TRAINING)).isEqualTo(TRAINING);
      assertThat(all.multistep(TRAINING).steps()).isLessThanOrEqualTo(1000);
      assertThat(all.continuous(TRAINING).steps()).isEqualTo(1000);
    }
  }

  @Test
  void refusesWhatTheScheduleDoesNotHave() {
    assertThatThrownBy(() -> visits(500, TimestepSpacing.LEADING, 2).markov(TRAINING))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "the steps-offset = 2 must be at most 1, because with 500 of 1000 timesteps the last"
                + " one is 998.");
    assertThatThrownBy(() -> visits(9, TimestepSpacing.LEADING, 100).multistep(TRAINING))
        .hasMessageContaining("steps-offset = 100 must be at most 99,");
    assertThatThrownBy(() -> visits(5, TimestepSpacing.LEADING, -1))
        .hasMessageContaining("steps-offset = -1");
    for (NoiseLevels levels : NoiseLevels.values()) {
      for (int steps : new int[] {0, 1001}) {
        Visits visits = new Visits(steps, TimestepSpacing.LINSPACE, 0, levels);
        String message = steps + " sampling steps are asked for";
        assertThatThrownBy(() -> visits.markov(TRAINING)).hasMessageContaining(message);
        assertThatThrownBy(() -> visits.multistep(TRAINING)).hasMessageContaining(message);
        assertThatThrownBy(() -> visits.continuous(TRAINING)).hasMessageContaining(message);
      }
    }
  }
}
