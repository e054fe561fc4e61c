package dev.ddpm.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormalQuantileTest {
  /** Quantiles computed to 40 digits; every branch of the algorithm and both its joints. */
  @ParameterizedTest
  @CsvSource({
    "0.1,              0.25334710313579981317",
    "0.25,             0.6744897501960817432",
    "0.425,            1.4395314709384558369",
    "0.4250001,        1.4395321773759004884",
    "0.475,            1.9599639845400538556",
    "0.49,             2.3263478740408407676",
    "0.499,            3.0902323061678132778",
    "0.4999999,        5.199337582187471548",
    "0.49999999999,    6.7060231434147472662",
    "0.49999999999999, 7.6507309051556429563"
  })
  void agreesWithTabulatedQuantiles(double offset, double quantile) {
    assertThat(NormalQuantile.ofOffset(offset)).isCloseTo(quantile, within(4e-15 * quantile));
    assertThat(NormalQuantile.ofOffset(-offset)).isEqualTo(-NormalQuantile.ofOffset(offset));
  }

  @Test
  void medianIsZero() {
    assertThat(NormalQuantile.ofOffset(0)).isZero();
  }

  @Test
  void increasesEverywhere() {
    double previous = Double.NEGATIVE_INFINITY;
    for (int i = 1; i < 20_000; i++) {
      double quantile = NormalQuantile.ofOffset(i / 20_000.0 - 0.5);
      assertThat(quantile).isGreaterThan(previous);
      previous = quantile;
    }
  }
}
