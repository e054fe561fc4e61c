package dev.ddpm.spark.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BadImagePolicyTest {

  @ParameterizedTest
  @CsvSource({"0,1000,0", "20,1000,20", "20,5,20", "1%,1000,10", "0.15%,1000,1", "100%,7,7"})
  void allowsANumberOrAShare(String maxBad, long images, long allowed) {
    assertThat(new BadImagePolicy(maxBad).allowed(images)).isEqualTo(allowed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "0.5", "101%", "1 %", "many"})
  void refusesAnythingElse(String maxBad) {
    assertThatThrownBy(() -> new BadImagePolicy(maxBad))
        .hasMessage(
            "max-bad = %s: must be a number of images such as 20, or a share of them such as 1%%.",
            maxBad);
  }

  @Test
  void allowsNoneByDefault() {
    assertThat(BadImagePolicy.FAIL.allowed(1_000_000)).isZero();
  }
}
