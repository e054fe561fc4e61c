package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.diffusion.Variance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Against the numbers of the specification, section 5. */
class VariationalBoundTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);
  private static final float[] IMAGE = {-1, -0.25f, 0.5f, 1};

  private final VariationalBound bound = new VariationalBound(SCHEDULE, Variance.FIXED_LARGE);

  @Test
  void transitionsOfAPerfectModelCostWhatItsVarianceIsOff() {
    double sum = 0;
    for (int t = 1; t < 1000; t++) {
      sum += bound.term(t, IMAGE, IMAGE, 0, 4);
    }

    assertThat(sum).isCloseTo(0.486419, within(5e-7));
    assertThat(bound.term(1, IMAGE, IMAGE, 0, 4)).isCloseTo(0.175125, within(5e-7));
  }

  @Test
  void withThePosteriorsVarianceAPerfectModelCostsNothing() {
    var small = new VariationalBound(SCHEDULE, Variance.FIXED_SMALL);

    for (int t = 1; t < 1000; t++) {
      assertThat(small.term(t, IMAGE, IMAGE, 0, 4)).isCloseTo(0, within(1e-12));
    }
  }

  /** (μ̃ − μ_θ)² / 2σ² for images that are 0.1 apart, with the coefficient of x_0 in the mean. */
  @ParameterizedTest
  @EnumSource
  void aDistanceOfTheMeansCostsItsSquare(Variance variance) {
    var some = new VariationalBound(SCHEDULE, variance);
    float[] x0 = {0.5f, 0.5f};
    float[] predicted = {0.6f, 0.4f};
    double expected =
        Math.pow(SCHEDULE.posteriorX0Coefficient(500) * 0.1, 2)
            / (2 * variance.at(SCHEDULE, 500))
            / Math.log(2);

    assertThat(some.term(500, x0, predicted, 0, 2) - some.term(500, x0, x0, 0, 2))
        .isCloseTo(expected, within(1e-6 * expected));
  }

  @ParameterizedTest
  @CsvSource({"0.003921569, 1.305665", "-0.5, 1.305665", "1, 0.509908", "-1, 0.509908"})
  void theDecoderAtTheImageCostsTheWidthOfItsBin(float value, double bits) {
    float[] image = {value};

    assertThat(bound.term(0, image, image, 0, 1)).isCloseTo(bits, within(1e-6));
  }

  /** All 256 levels together have the probability 1, wherever the mean is. */
  @ParameterizedTest
  @CsvSource({"0", "0.3", "-0.999", "1", "-1.5"})
  void theDecodersBinsCoverEverything(float mean) {
    double total = 0;
    for (int level = 0; level < 256; level++) {
      float[] image = {(level - 127.5f) / 127.5f};
      double bits = bound.term(0, image, new float[] {mean}, 0, 1);
      total += bits > 39 ? 0 : Math.pow(2, -bits);
    }

    assertThat(total).isCloseTo(1, within(1e-6));
  }

  @Test
  void whatNoiseAloneTellsIsLittle() {
    float[] image = {1, -1};

    assertThat(bound.prior(image, 0, 2)).isCloseTo(2.9113e-5, within(5e-10));
  }

  /** Of noise alone nothing is told, and x_T says nothing of the image. */
  @ParameterizedTest
  @EnumSource(Variance.class)
  void aScheduleThatEndsWithoutSignalHasNoPrior(Variance variance) {
    NoiseSchedule schedule = new ScheduleSpec.ZeroTerminalSnr(ScheduleSpec.PAPER).build();
    VariationalBound ofNoise = new VariationalBound(schedule, variance);

    assertThat(ofNoise.prior(IMAGE, 0, 4)).isEqualTo(0.0);
    // The KL divergence of N(√ᾱ'·x_0, 1−ᾱ') and N(√ᾱ'·x̂_0, σ²), with x̂_0 = 0.
    double alphaBar = schedule.alphaBar(998);
    double squares = 0;
    for (float value : IMAGE) {
      squares += (double) value * value / 4;
    }
    double model = variance == Variance.FIXED_LARGE ? 1 : 1 - alphaBar;
    double expected =
        (Math.log(model / (1 - alphaBar)) + (1 - alphaBar + alphaBar * squares) / model - 1)
            / (2 * Math.log(2));
    assertThat(ofNoise.term(999, IMAGE, new float[4], 0, 4))
        .isCloseTo(expected, within(1e-15))
        .isFinite();
  }

  @Test
  void predictionsAreClipped() {
    float[] far = {-3, -0.25f, 0.5f, 7};

    assertThat(bound.term(10, IMAGE, far, 0, 4)).isEqualTo(bound.term(10, IMAGE, IMAGE, 0, 4));
    assertThat(bound.term(10, IMAGE, new float[] {0, Float.NaN, 0, 0}, 0, 4)).isNaN();
  }

  @Test
  void aRangeIsAnImageOfItsOwn() {
    float[] two = {0.9f, 0.9f, -0.5f, 0.5f};

    assertThat(bound.term(0, two, new float[] {0, 0, -0.5f, 0.5f}, 2, 2))
        .isEqualTo(bound.term(0, new float[] {-0.5f, 0.5f}, new float[] {-0.5f, 0.5f}, 0, 2));
  }

  @Test
  void oneStepIsRefused() {
    assertThatThrownBy(() -> new VariationalBound(NoiseSchedule.linear(1), Variance.FIXED_LARGE))
        .isInstanceOf(DdpmException.class)
        .hasMessage("The noise schedule has 1 step: bits per dimension need at least 2.");
  }
}
