package dev.ddpm.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimestepSpacingTest {
  /** 249.75, 499.5 and 749.25: the half goes to the even neighbour. */
  @Test
  void linspaceRoundsHalvesToEven() {
    assertThat(TimestepSpacing.LINSPACE.timesteps(1000, 5)).containsExactly(0, 250, 500, 749, 999);
  }

  @Test
  void linspaceIncludesBothEnds() {
    assertThat(TimestepSpacing.LINSPACE.timesteps(1000, 10))
        .containsExactly(0, 111, 222, 333, 444, 555, 666, 777, 888, 999);
    assertThat(TimestepSpacing.LINSPACE.timesteps(1000, 1)).containsExactly(999);
  }

  @Test
  void leadingStartsAtZero() {
    assertThat(TimestepSpacing.LEADING.timesteps(1000, 10))
        .containsExactly(0, 100, 200, 300, 400, 500, 600, 700, 800, 900);
    assertThat(TimestepSpacing.LEADING.timesteps(10, 3)).containsExactly(0, 3, 6);
  }

  @Test
  void trailingEndsAtTheLast() {
    assertThat(TimestepSpacing.TRAILING.timesteps(1000, 10))
        .containsExactly(99, 199, 299, 399, 499, 599, 699, 799, 899, 999);
    assertThat(TimestepSpacing.TRAILING.timesteps(10, 4)).containsExactly(1, 4, 7, 9);
  }

  @ParameterizedTest
  @EnumSource(TimestepSpacing.class)
  void everySelectionIsIncreasingAndWithinRange(TimestepSpacing spacing) {
    for (int total : new int[] {1, 2, 7, 100, 1000}) {
      NoiseSchedule schedule = NoiseSchedule.linear(total);
      for (int steps = 1; steps <= total; steps++) {
        assertThat(schedule.respaced(spacing.timesteps(total, steps)).steps()).isEqualTo(steps);
      }
      assertThat(spacing.timesteps(total, total)).startsWith(0).endsWith(total - 1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -3, 1001})
  void refusesStepsOutsideTheSchedule(int steps) {
    assertThatThrownBy(() -> TimestepSpacing.LEADING.timesteps(1000, steps))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(steps + " sampling steps")
        .hasMessageContaining("1000");
  }
}
