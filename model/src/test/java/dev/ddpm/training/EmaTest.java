package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EmaTest {

  @Test
  void warmUpLetsTheFirstStepsCount() {
    assertThat(Ema.decay(0.9999, 0, 1)).isEqualTo(0.1);
    assertThat(Ema.decay(0.9999, 90, 1)).isEqualTo(0.91);
    assertThat(Ema.decay(0.9999, 1_000_000, 1)).isEqualTo(0.9999);
    assertThat(Ema.decay(0, 5, 1)).isZero();
  }

  @Test
  void severalStepsMultiplyTheirDecays() {
    double product = 1;
    for (int n = 100; n < 116; n++) {
      product *= Ema.decay(0.999, n, 1);
    }
    assertThat(Ema.decay(0.999, 100, 16)).isEqualTo(product, within(1e-15));
  }

  @Test
  void theAverageMovesTowardsTheWeights() {
    float[] average = {1, 2};
    Ema.update(average, new float[] {3, 2}, 0.9, 1000, 1);
    assertThat(average).containsExactly(new float[] {1.2f, 2}, within(1e-6f));
  }

  @Test
  void withoutDecayTheAverageIsTheWeights() {
    float[] average = {1, 2};
    Ema.update(average, new float[] {3, 4}, 0, 0, 16);
    assertThat(average).containsExactly(3, 4);
  }
}
