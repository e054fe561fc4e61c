package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PowerProfileTest {

  /** The numbers are those of the paper. */
  @ParameterizedTest
  @CsvSource({"0.05, 16.97", "0.10, 6.94"})
  void theExponentFollowsFromTheWidth(double width, double exponent) {
    assertThat(new PowerProfile(width).exponent()).isEqualTo(exponent, within(0.005));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.01, 0.05, 0.1, 0.28})
  void theWidthIsTheDeviationOfTheMomentsThatCount(double width) {
    double power = new PowerProfile(width).exponent();
    int moments = 200_000;
    double sum = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < moments; i++) {
      double t = (i + 0.5) / moments;
      double counts = Math.pow(t, power);
      sum += counts;
      first += counts * t;
      second += counts * t * t;
    }
    double mean = first / sum;
    assertThat(Math.sqrt(second / sum - mean * mean)).isEqualTo(width, within(1e-6));
  }

  @Test
  void theFirstUpdateKeepsNothing() {
    assertThat(new PowerProfile(0.1).decay(0, 64)).isZero();
  }

  @Test
  void stepsTogetherKeepTheProductOfWhatEachKeeps() {
    var profile = new PowerProfile(0.1);
    assertThat(profile.decay(64, 128) * profile.decay(128, 150))
        .isEqualTo(profile.decay(64, 150), within(1e-15));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.009, 0.29, Double.NaN})
  void otherWidthsAreRefused(double width) {
    assertThatThrownBy(() -> new PowerProfile(width))
        .isInstanceOf(DdpmException.class)
        .hasMessage("width = %s: must be at least 0.01 and at most 0.28.", width);
  }
}
