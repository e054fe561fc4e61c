package dev.ddpm.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LossWeightingTest {

  /** Reference values for 1,000 linear steps. */
  @ParameterizedTest
  @CsvSource({
    "0,   9999,         5.0005001e-4, 5,            5e-4",
    "100, 8.5366696,    .58570851,    5,            .52429205",
    "249, 1.1012172,    1,            1.1012172,    .52408537",
    "499, .085289944,   1,            .085289944,   .078587243",
    "999, 4.0359927e-5, 1,            4.0359927e-5, 4.0358298e-5"
  })
  void minSnr(int t, double snr, double epsilon, double x0, double v) {
    NoiseSchedule schedule = NoiseSchedule.linear(1000);
    assertThat(schedule.snr(t)).isCloseTo(snr, withinPercentage(1e-5));
    assertThat(minSnr(schedule.snr(t), Prediction.EPSILON))
        .isCloseTo(epsilon, withinPercentage(1e-5));
    assertThat(minSnr(schedule.snr(t), Prediction.X0)).isCloseTo(x0, withinPercentage(1e-5));
    assertThat(minSnr(schedule.snr(t), Prediction.V)).isCloseTo(v, withinPercentage(1e-5));
  }

  private static double minSnr(double snr, Prediction prediction) {
    return LossWeighting.MIN_SNR.at(snr, prediction);
  }

  @Test
  void minSnrIsDefinedWhereNoSignalIsLeft() {
    assertThat(minSnr(0, Prediction.EPSILON)).isOne();
    assertThat(minSnr(0, Prediction.X0)).isZero();
    assertThat(minSnr(0, Prediction.V)).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Prediction.class,
      names = {"X0", "V"})
  void minSnrIsFiniteUpToTheTimestepWithoutSignal(Prediction prediction) {
    NoiseSchedule schedule = NoiseSchedule.linear(1000).zeroTerminalSnr();
    for (int t = 0; t < 999; t++) {
      assertThat(minSnr(schedule.snr(t), prediction)).isPositive().isFinite();
    }
    assertThat(minSnr(schedule.snr(999), prediction)).isZero();
  }

  @ParameterizedTest
  @EnumSource(Prediction.class)
  void uniformCountsEveryTimestepAlike(Prediction prediction) {
    assertThat(LossWeighting.UNIFORM.at(9999, prediction)).isOne();
    assertThat(LossWeighting.UNIFORM.at(4e-5, prediction)).isOne();
  }
}
