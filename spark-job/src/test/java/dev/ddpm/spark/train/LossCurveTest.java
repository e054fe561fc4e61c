package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.diffusion.Prediction;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.knowm.xchart.XYSeries;

class LossCurveTest {
  @ParameterizedTest
  @CsvSource({"EPSILON, ε", "X0, x₀", "V, v"})
  void theAxisNamesWhatIsPredicted(Prediction prediction, String symbol) {
    assertThat(LossCurve.chart(List.of(), prediction).getYAxisTitle())
        .isEqualTo("mean squared error of " + symbol);
  }

  @Test
  void distancesHaveAnAxisOfTheirOwn() {
    RoundReport without =
        new RoundReport(
            1, 2, 1, 1, 1, 64, 64, 0, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.6, List.of(), null);
    RoundReport with =
        new RoundReport(
            2, 2, 1, 1, 2, 128, 64, 0, 0.4, 1, 1, 1, 1, 1, 1, 1, 1, 1, null, null, 12.5);

    XYSeries distances =
        LossCurve.chart(List.of(without, with), Prediction.EPSILON)
            .getSeriesMap()
            .get("Fréchet distance (right)");

    assertThat(distances.getXData()).containsExactly(128);
    assertThat(distances.getYData()).containsExactly(12.5);
    assertThat(distances.getYAxisGroup()).isEqualTo(1);
  }

  /** A mean of the rounds before would be above it, at the start or all along. */
  @ParameterizedTest
  @CsvSource({"1, 0.9", "2, 0.9", "200, 0.9", "200, 1", "200, 1.05"})
  void aLossThatFallsEvenlyIsItsOwnCurve(int rounds, double factor) {
    double[] losses = IntStream.range(0, rounds).mapToDouble(i -> Math.pow(factor, i)).toArray();

    double[] smoothed = LossCurve.smooth(losses);

    SoftAssertions.assertSoftly(
        softly -> {
          for (int i = 0; i < rounds; i++) {
            softly.assertThat(smoothed[i] / losses[i]).isCloseTo(1, within(1e-9));
          }
        });
  }

  /** As a loss does at the start of a training: steeply in its first rounds, then ever less. */
  @ParameterizedTest
  @CsvSource({"1, 0", "0.5, 0", "1, 0.02"})
  void aLossThatFallsSteeplyAtFirstIsFollowed(double power, double floor) {
    double[] losses =
        IntStream.rangeClosed(1, 500).mapToDouble(n -> Math.pow(n, -power) + floor).toArray();

    double[] smoothed = LossCurve.smooth(losses);

    SoftAssertions.assertSoftly(
        softly -> {
          for (int i = 0; i < losses.length; i++) {
            softly.assertThat(smoothed[i] / losses[i]).as("%d", i).isCloseTo(1, within(0.02));
          }
        });
  }

  @Test
  void theCurveIsSmoothToItsEnd() {
    var random = new Random(1);
    double[] losses =
        IntStream.rangeClosed(1, 500)
            .mapToDouble(n -> (1.0 / n + 0.02) * Math.exp(0.1 * random.nextGaussian()))
            .toArray();

    double[] smoothed = LossCurve.smooth(losses);

    for (int i = 400; i < losses.length; i++) {
      assertThat(smoothed[i] / (1.0 / (i + 1) + 0.02)).isCloseTo(1, within(0.1));
      assertThat(smoothed[i] / smoothed[i - 1]).isCloseTo(1, within(0.02));
    }
  }

  @Test
  void jumpsFromRoundToRoundAreSmoothed() {
    double[] losses = IntStream.range(0, 200).mapToDouble(i -> i % 2 == 0 ? 0.9 : 1.1).toArray();

    double[] smoothed = LossCurve.smooth(losses);

    for (double value : smoothed) {
      assertThat(value).isCloseTo(1, within(0.05));
    }
  }
}
