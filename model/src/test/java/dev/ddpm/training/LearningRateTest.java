package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;

class LearningRateTest {

  @Test
  void risesLinearlyAndStays() {
    var schedule = LearningRate.constant(2e-4, 4);
    assertThat(schedule.at(0)).isEqualTo(0.5e-4, within(1e-18));
    assertThat(schedule.at(2)).isEqualTo(1.5e-4, within(1e-18));
    assertThat(schedule.at(3)).isEqualTo(2e-4);
    assertThat(schedule.at(1_000_000)).isEqualTo(2e-4);
    assertThat(LearningRate.constant(2e-4, 0).at(0)).isEqualTo(2e-4);
  }

  @Test
  void fallsLinearlyAfterTheWarmUp() {
    var schedule = new LearningRate(1, 4, Decay.LINEAR, 14);
    assertThat(schedule.at(0)).isEqualTo(0.25);
    assertThat(schedule.at(4)).isEqualTo(1);
    assertThat(schedule.at(9)).isEqualTo(0.5);
    assertThat(schedule.at(13)).isEqualTo(0.1, within(1e-15));
    assertThat(schedule.at(14)).isZero();
    assertThat(schedule.at(1000)).isZero();
  }

  @Test
  void fallsAlongACosineAfterTheWarmUp() {
    var schedule = new LearningRate(2, 2, Decay.COSINE, 14);
    assertThat(schedule.at(1)).isEqualTo(2);
    assertThat(schedule.at(2)).isEqualTo(2);
    assertThat(schedule.at(6)).isEqualTo(1.5, within(1e-15));
    assertThat(schedule.at(8)).isEqualTo(1, within(1e-15));
    assertThat(schedule.at(10)).isEqualTo(0.5, within(1e-15));
    assertThat(schedule.at(14)).isZero();
  }

  @Test
  void valuesOutOfBoundsAreNamed() {
    assertThatThrownBy(() -> LearningRate.constant(0, 0))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("learning-rate = 0.0: must be above 0");
    assertThatThrownBy(() -> LearningRate.constant(1, -1))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("warm-up-steps = -1: must be at least 0");
    assertThatThrownBy(() -> new LearningRate(1, 50, Decay.COSINE, 50))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("decay-steps = 50: must be more than the 50 steps of the warm-up");
  }

  @Test
  void stepsOfAnEarlierRunDoNotCount() {
    var rate = new LearningRate(1, 4, Decay.LINEAR, 14);
    LearningRate after = rate.after(1000);

    for (int step = 0; step < 20; step++) {
      assertThat(after.at(1000 + step)).isEqualTo(rate.at(step));
    }
  }
}
