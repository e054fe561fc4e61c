package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntervalTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[0, 1)  | -0.1 | false | at least 0 and below 1",
        "[0, 1)  | 0    | true  | at least 0 and below 1",
        "[0, 1)  | 1.0  | false | at least 0 and below 1",
        "(0, 1]  | 0    | false | above 0 and at most 1",
        "(0, 1]  | 1.0  | true  | above 0 and at most 1",
        "[1, inf) | 1e9 | true  | at least 1",
        "(-inf, 2] | -7 | true  | at most 2",
        "(-inf, 2] | 2.5 | false | at most 2",
      })
  void boundsAreIncludedOrNot(String notation, BigDecimal value, boolean inside, String words) {
    Interval interval = Interval.parse(notation);

    assertThat(interval.contains(value)).isEqualTo(inside);
    assertThat(interval.describe()).isEqualTo(words);
  }

  @Test
  void nothingIsSaidWhereEverythingIsAllowed() {
    assertThat(Interval.parse("(-inf, inf)").describe()).isEmpty();
  }

  @Test
  void otherNotationsAreRefused() {
    assertThatThrownBy(() -> Interval.parse("0..1")).hasMessageContaining("0..1");
  }
}
