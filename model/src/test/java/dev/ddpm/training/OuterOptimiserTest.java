package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;

class OuterOptimiserTest {

  /** To the bit, also where a difference and a sum would round. */
  @Test
  void plainAveragingTakesTheMeanAsItIs() {
    float[] mean = {0.1f, 1e-30f, -3e7f};

    OuterOptimiser.AVERAGE.step(new float[] {1e8f, -1, 0.3f}, mean, new float[0]);

    assertThat(mean).containsExactly(0.1f, 1e-30f, -3e7f);
  }

  /** By hand: m = 1, 2·0.5 + ... of changes 1 and 2 from 10 with η 0.5 and μ 0.5. */
  @Test
  void changesOfEarlierRoundsGoOn() {
    var outer = new OuterOptimiser(0.5, 0.5);
    float[] velocity = outer.initialVelocity(1);
    float[] first = {11};
    outer.step(new float[] {10}, first, velocity);
    assertThat(velocity).containsExactly(1);
    assertThat(first).containsExactly(10 + 0.5f * (1 + 0.5f * 1));

    float[] second = {first[0] + 2};
    outer.step(first, second, velocity);
    assertThat(velocity).containsExactly(0.5f * 1 + 2);
    assertThat(second).containsExactly(10.75f + 0.5f * (2 + 0.5f * 2.5f));
  }

  @Test
  void withoutMomentumAShareOfTheChangeIsApplied() {
    var outer = new OuterOptimiser(0.7, 0);
    float[] mean = {2, -1};

    outer.step(new float[] {1, 1}, mean, outer.initialVelocity(2));

    assertThat(outer.initialVelocity(2)).isEmpty();
    assertThat(mean).containsExactly(new float[] {1.7f, -0.4f}, within(1e-7f));
  }

  @Test
  void boundsAreNamed() {
    assertThatThrownBy(() -> new OuterOptimiser(0, 0.9))
        .isInstanceOf(DdpmException.class)
        .hasMessage("outer-learning-rate = 0.0: must be above 0.");
    assertThatThrownBy(() -> new OuterOptimiser(1, 1))
        .isInstanceOf(DdpmException.class)
        .hasMessage("outer-momentum = 1.0: must be at least 0 and below 1; 0 for none.");
    assertThatThrownBy(() -> new OuterOptimiser(Double.NaN, 0)).isInstanceOf(DdpmException.class);
  }
}
