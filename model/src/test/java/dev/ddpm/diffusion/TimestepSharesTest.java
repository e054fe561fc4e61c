package dev.ddpm.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TimestepSharesTest {

  @Test
  void uniformTakesAllAlike() {
    assertThat(TimestepShares.UNIFORM.of(new double[] {3, 0, 1, 0}))
        .containsExactly(0.25, 0.25, 0.25, 0.25);
  }

  @Test
  void byWeightLeavesATenthForAll() {
    assertThat(TimestepShares.BY_WEIGHT.of(new double[] {3, 0, 1, 0}))
        .containsExactly(new double[] {0.7, 0.025, 0.25, 0.025}, within(1e-15));
  }

  @ParameterizedTest
  @EnumSource(TimestepShares.class)
  void ofEqualWeightsAllAreAlike(TimestepShares shares) {
    for (double share : shares.of(new double[] {2, 2, 2, 2, 2})) {
      assertThat(share).isCloseTo(0.2, within(1e-15));
    }
  }

  @ParameterizedTest
  @EnumSource(TimestepShares.class)
  void sharesAreProbabilities(TimestepShares shares) {
    NoiseSchedule schedule = new ScheduleSpec.ZeroTerminalSnr(ScheduleSpec.PAPER).build();
    double[] weights = new double[1000];
    Arrays.setAll(weights, t -> LossWeighting.MIN_SNR.at(schedule.snr(t), Prediction.V));
    double[] of = shares.of(weights);

    assertThat(Arrays.stream(of).sum()).isCloseTo(1, within(1e-12));
    assertThat(Arrays.stream(of).min().orElseThrow()).isGreaterThanOrEqualTo(1e-4);
  }
}
