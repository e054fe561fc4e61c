package dev.ddpm.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.golden.GoldenFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseScheduleTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.linear(1000);

  @ParameterizedTest
  @CsvSource({
    "0,   1e-4,           0.9999,          0.99995000, 0.01000000, 0",
    "1,   1.199199199e-4, 0.9997800921,    0.99989004, 0.01482929, 5.4531877e-5",
    "100, 2.091991992e-3, 0.8951415909,    0.94611923, 0.32381848, 2.0545535e-3",
    "499, 1.004004004e-2, 0.07858724288,   0.28033416, 0.95990247, 1.0031355e-2",
    "999, 0.02,           4.035829765e-5,  0.00635282, 0.99997982, 1.9999984e-2"
  })
  void linearScheduleHasTheNumbersOfThePaper(
      int t, double beta, double alphaBar, double signal, double noise, double posterior) {
    assertThat(LINEAR.beta(t)).isCloseTo(beta, Percentage.withPercentage(1e-7));
    assertThat(LINEAR.alpha(t)).isCloseTo(1 - beta, within(1e-12));
    assertThat(LINEAR.alphaBar(t)).isCloseTo(alphaBar, Percentage.withPercentage(1e-7));
    assertThat(LINEAR.signal(t)).isCloseTo(signal, within(5e-9));
    assertThat(LINEAR.noise(t)).isCloseTo(noise, within(5e-9));
    assertThat(LINEAR.posteriorVariance(t)).isCloseTo(posterior, within(posterior * 1e-7));
  }

  /** β of latent diffusion models, and the ᾱ that is left of theirs in the end. */
  @Test
  void scaledLinearScheduleIsLinearInRootsOfBeta() {
    NoiseSchedule schedule = new ScheduleSpec.ScaledLinear(1000, 0.00085, 0.012).build();

    assertThat(schedule.beta(0)).isCloseTo(0.00085, within(1e-15));
    assertThat(schedule.beta(999)).isCloseTo(0.012, within(1e-15));
    assertThat(Math.sqrt(schedule.beta(333)))
        .isCloseTo((2 * Math.sqrt(0.00085) + Math.sqrt(0.012)) / 3, within(1e-12));
    assertThat(schedule.alphaBar(999)).isCloseTo(0.0047, within(5e-5));
    assertThat(new ScheduleSpec.ScaledLinear(1, 0.1, 0.2).build().beta(0))
        .isCloseTo(0.1, within(1e-15));
  }

  /** The numbers of diffusers. */
  @Test
  void sigmoidScheduleRisesAsTheLogisticFunction() {
    NoiseSchedule schedule = new ScheduleSpec.Sigmoid(3, 1e-4, 0.5).build();

    assertThat(schedule.beta(0)).isCloseTo(0.0013360643, within(1e-9));
    assertThat(schedule.beta(1)).isCloseTo(0.25005, within(1e-9));
    assertThat(schedule.beta(2)).isCloseTo(0.4987639357, within(1e-9));
    assertThat(new ScheduleSpec.Sigmoid(1, 0.1, 0.2).build().beta(0))
        .isCloseTo(0.1 + 0.1 / (1 + Math.exp(6)), within(1e-15));
  }

  @Test
  void sigmoidScheduleFallsFromNearlyOneToNearlyZero() {
    NoiseSchedule schedule = NoiseSchedule.sigmoid(1000, 1e-4, 0.02);

    assertThat(schedule.alphaBar(0)).isGreaterThan(0.9998);
    assertThat(schedule.alphaBar(999)).isLessThan(1e-4);
    for (int t = 1; t < 1000; t++) {
      assertThat(schedule.alphaBar(t)).isLessThan(schedule.alphaBar(t - 1));
    }
  }

  @Test
  void anyBetasAreASchedule() {
    NoiseSchedule schedule = new ScheduleSpec.Betas(List.of(0.5, 0.2)).build();

    assertThat(schedule.alphaBar(1)).isEqualTo(0.4);
    assertThat(new ScheduleSpec.Betas(List.of(0.5, 0.2)).steps()).isEqualTo(2);
    for (double wrong : new double[] {0, 1, 1e-17, Double.NaN}) {
      assertThatThrownBy(() -> new ScheduleSpec.Betas(List.of(0.5, wrong)))
          .isInstanceOf(DdpmException.class)
          .hasMessageStartingWith("betas has " + wrong + " in place 1: must be above 0");
    }
    assertThatThrownBy(() -> new ScheduleSpec.Betas(List.of()))
        .hasMessage("steps = 0: must be from 1 to 100000.");
  }

  /** Numbers of 60 decimal digits' arithmetic, and of diffusers' function in float32. */
  @ParameterizedTest
  @CsvSource({
    "0,   9.999000000000e-01, 1.000000000000e-04, 9.998999834e-01, 1.000165939e-04",
    "1,   9.997793254332e-01, 1.206866355106e-04, 9.997793436e-01, 1.206398010e-04",
    "100, 8.944904371551e-01, 2.106111505479e-03, 8.944899440e-01, 2.106189728e-03",
    "249, 5.215333406988e-01, 5.104685414257e-03, 5.215333104e-01, 5.104720592e-03",
    "499, 7.602875054711e-02, 1.027104254954e-02, 7.602876425e-02, 1.027101278e-02",
    "900, 1.030384721179e-04, 2.913366295926e-02, 1.030384665e-04, 2.913361788e-02",
    "998, 4.213262465088e-09, 7.522672311505e-01, 4.213212002e-09, 7.522695065e-01"
  })
  void rescaledScheduleHasItsNumbers(
      int t, double alphaBar, double beta, float alphaBarThere, float betaThere) {
    NoiseSchedule schedule = new ScheduleSpec.ZeroTerminalSnr(ScheduleSpec.PAPER).build();

    assertThat(schedule.alphaBar(t)).isCloseTo(alphaBar, Percentage.withPercentage(1e-8));
    assertThat(schedule.beta(t)).isCloseTo(beta, Percentage.withPercentage(1e-8));
    assertThat((float) schedule.alphaBar(t))
        .isCloseTo(alphaBarThere, Percentage.withPercentage(2e-3));
    assertThat((float) schedule.beta(t)).isCloseTo(betaThere, within(6e-7f + betaThere * 1e-5f));
  }

  @Test
  void rescaledScheduleBeginsAsBeforeAndEndsWithoutSignal() {
    NoiseSchedule schedule = LINEAR.zeroTerminalSnr();

    assertThat(schedule.alphaBar(0)).isEqualTo(LINEAR.alphaBar(0));
    assertThat(schedule.beta(0)).isEqualTo(LINEAR.beta(0));
    assertThat(schedule.alphaBar(999)).isZero();
    assertThat(schedule.beta(999)).isOne();
    assertThat(schedule.noise(999)).isOne();
    assertThat(schedule.snr(999)).isZero();
    assertThat(schedule.hasSignal(999)).isFalse();
    assertThat(schedule.hasSignal(998)).isTrue();
    for (int t = 1; t < 1000; t++) {
      assertThat(schedule.alphaBar(t)).isLessThan(schedule.alphaBar(t - 1));
    }
    assertThat(schedule.respaced(new int[] {300, 999}).beta(1)).isOne();
  }

  @Test
  void everyScheduleIsRescaled() {
    double[] expected = {0.9, 0.504688493586539, 0.144923751484129, 0};
    NoiseSchedule four =
        new ScheduleSpec.ZeroTerminalSnr(new ScheduleSpec.Betas(List.of(0.1, 0.2, 0.3, 0.4)))
            .build();

    for (int t = 0; t < 4; t++) {
      assertThat(four.alphaBar(t)).isCloseTo(expected[t], within(1e-14));
    }
    for (ScheduleKind kind : ScheduleKind.values()) {
      NoiseSchedule schedule = new ScheduleSpec.ZeroTerminalSnr(kind.create(50, 1e-3, 0.2)).build();
      assertThat(schedule.steps()).isEqualTo(50);
      assertThat(schedule.hasSignal(48)).isTrue();
      assertThat(schedule.hasSignal(49)).isFalse();
    }
  }

  /** What is known of the step before the last is x_0 alone: nothing of it is left in x_T. */
  @Test
  void posteriorOfTheStepWithoutSignalIsThatOfTheImage() {
    NoiseSchedule schedule = LINEAR.zeroTerminalSnr();

    assertThat(schedule.posteriorX0Coefficient(999)).isEqualTo(schedule.signal(998));
    assertThat(schedule.posteriorXtCoefficient(999)).isZero();
    assertThat(schedule.posteriorVariance(999)).isEqualTo(1 - schedule.alphaBar(998));
    assertThat(Variance.FIXED_LARGE.at(schedule, 999)).isOne();
  }

  @Test
  void refusesToRescaleWhatCannotBe() {
    assertThatThrownBy(() -> new ScheduleSpec.ZeroTerminalSnr(new ScheduleSpec.Cosine(1)))
        .isInstanceOf(DdpmException.class)
        .hasMessage("steps = 1: must be at least 2 for the last to be without signal.");
    assertThatThrownBy(() -> NoiseSchedule.cosine(1).zeroTerminalSnr())
        .hasMessageContaining("of 1 step cannot end without signal");
    ScheduleSpec once = new ScheduleSpec.ZeroTerminalSnr(ScheduleSpec.PAPER);
    assertThatThrownBy(() -> new ScheduleSpec.ZeroTerminalSnr(once))
        .hasMessage("rescaled is a schedule that ends without signal already.");
    // Its ᾱ is too small for a double long before the end.
    ScheduleSpec tooLong =
        new ScheduleSpec.ZeroTerminalSnr(new ScheduleSpec.Linear(9000, 0.1, 0.2));
    assertThatThrownBy(tooLong::build)
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("already, and not only in the last, 8999.");
  }

  @ParameterizedTest
  @CsvSource({"0, 4.1284225e-5", "499, 3.1458862e-3", "998, 0.74999939", "999, 0.999"})
  void cosineScheduleHasItsBetas(int t, double beta) {
    assertThat(NoiseSchedule.cosine(1000).beta(t)).isCloseTo(beta, Percentage.withPercentage(2e-6));
  }

  @ParameterizedTest
  @CsvSource({"499, 0.49384359", "999, 2.4287669e-9"})
  void cosineScheduleHasItsSignal(int t, double alphaBar) {
    assertThat(NoiseSchedule.cosine(1000).alphaBar(t))
        .isCloseTo(alphaBar, Percentage.withPercentage(2e-6));
  }

  /** 1/√α, (1−α)/√(1−ᾱ) and √β of the reverse step. */
  @ParameterizedTest
  @CsvSource({"1, 1.00005997, .00808669, .01095080", "999, 1.01015254, .02000040, .14142136"})
  void reverseStepHasItsCoefficients(int t, double scale, double noise, double sigma) {
    assertThat(1 / Math.sqrt(LINEAR.alpha(t))).isCloseTo(scale, within(5e-9));
    assertThat((1 - LINEAR.alpha(t)) / LINEAR.noise(t)).isCloseTo(noise, within(5e-9));
    assertThat(Math.sqrt(Variance.FIXED_LARGE.at(LINEAR, t))).isCloseTo(sigma, within(5e-9));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "487, .00979", "999, .02"})
  void smallVarianceIsThatOfThePosterior(int t, double variance) {
    assertThat(Variance.FIXED_SMALL.at(LINEAR, t)).isCloseTo(variance, within(5e-6));
  }

  /** The figures are cut off, not rounded, after the fifth digit. */
  @ParameterizedTest
  @CsvSource({"420, 400, .14771", "980, 960, .32460", "487, 486, .00979", "999, 998, .02"})
  void respacedPosteriorVarianceIsThatOfDdim(int t, int previous, double variance) {
    NoiseSchedule respaced = LINEAR.respaced(new int[] {previous, t});
    assertThat(respaced.posteriorVariance(1)).isCloseTo(variance, within(1e-5));
  }

  @Test
  void logVariancesAtZeroAreThoseOfTheFirstPosterior() {
    double expected = Math.log(5.4531877e-5);
    assertThat(Variance.FIXED_LARGE.logAt(LINEAR, 0)).isCloseTo(expected, within(1e-7));
    assertThat(Variance.FIXED_SMALL.logAt(LINEAR, 0)).isCloseTo(expected, within(1e-7));
    assertThat(Variance.FIXED_LARGE.logAt(LINEAR, 999)).isCloseTo(Math.log(0.02), within(1e-12));
    assertThat(Variance.FIXED_LARGE.logAt(NoiseSchedule.linear(1), 0))
        .isCloseTo(Math.log(1e-4), within(1e-12));
  }

  /** The reference computes in single precision: its product of 1000 factors is that far off. */
  @ParameterizedTest
  @CsvSource({"schedule, 1000", "schedule10, 10", "schedule100, 100"})
  void agreesWithTheReference(String key, int steps) {
    GoldenFile golden = GoldenFile.open("layers");
    assertAgrees(golden.values(key + ".beta"), golden.values(key + ".alpha_bar"), steps);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mnist_noattn", "rgb_attn2", "groups32"})
  void agreesWithTheReferenceOfEachNetwork(String name) {
    GoldenFile golden = GoldenFile.open(name);
    assertAgrees(golden.values("beta"), golden.values("alpha_bar"), golden.values("beta").length);
  }

  private static void assertAgrees(float[] beta, float[] alphaBar, int steps) {
    NoiseSchedule schedule = NoiseSchedule.linear(steps);
    assertThat(beta).hasSize(steps);
    assertThat(alphaBar).hasSize(steps);
    for (int t = 0; t < steps; t++) {
      assertThat(schedule.beta(t)).as("beta %s", t).isCloseTo(beta[t], within(2e-9));
      assertThat(schedule.alphaBar(t)).as("alpha bar %s", t).isCloseTo(alphaBar[t], within(1e-6));
    }
  }

  @Test
  void endsOfTheLinearScheduleAreExact() {
    assertThat(LINEAR.beta(0)).isEqualTo(1e-4);
    assertThat(LINEAR.beta(999)).isEqualTo(0.02);
    assertThat(NoiseSchedule.linear(2, 0.1, 0.3).beta(1)).isEqualTo(0.3);
  }

  @Test
  void meanOfThePosteriorWeighsToWhatQSampleExpects() {
    for (int t : new int[] {0, 1, 500, 999}) {
      double expected = Math.sqrt(LINEAR.alphaBarPrevious(t));
      double actual =
          LINEAR.posteriorX0Coefficient(t) + LINEAR.posteriorXtCoefficient(t) * LINEAR.signal(t);
      assertThat(actual).as("step %s", t).isCloseTo(expected, within(1e-12));
    }
  }

  @Test
  void respacingToAllStepsChangesNothing() {
    assertThat(LINEAR.respaced(TimestepSpacing.LINSPACE.timesteps(1000, 1000)))
        .isEqualTo(LINEAR)
        .hasSameHashCodeAs(LINEAR);
  }

  @Test
  void respacingKeepsSignalAndRemembersTimesteps() {
    NoiseSchedule respaced = LINEAR.respaced(new int[] {0, 499, 999});

    assertThat(respaced.steps()).isEqualTo(3);
    assertThat(respaced.timestep(2)).isEqualTo(999);
    assertThat(respaced.alphaBar(1)).isEqualTo(LINEAR.alphaBar(499));
    assertThat(respaced.alphaBarPrevious(2)).isEqualTo(LINEAR.alphaBar(499));
    assertThat(respaced.alphaBarPrevious(0)).isEqualTo(1);
    assertThat(respaced.alpha(2) * respaced.alpha(1) * respaced.alpha(0))
        .isCloseTo(LINEAR.alphaBar(999), within(1e-15));
    assertThat(respaced.respaced(new int[] {1, 2}).timestep(0)).isEqualTo(499);
  }

  @Test
  void halfLogSnrFallsThroughZeroWhereSignalEqualsNoise() {
    for (int t = 1; t < 1000; t++) {
      assertThat(LINEAR.halfLogSnr(t)).isLessThan(LINEAR.halfLogSnr(t - 1));
    }
    assertThat(LINEAR.halfLogSnr(0)).isCloseTo(Math.log(0.9999 / 1e-4) / 2, within(1e-9));
  }

  @Test
  void survivesSerialization() throws IOException, ClassNotFoundException {
    NoiseSchedule respaced = LINEAR.respaced(new int[] {3, 7});
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(respaced);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(respaced);
    }
  }

  @Test
  void specsBuildTheirSchedules() {
    assertThat(ScheduleSpec.PAPER.build()).isEqualTo(LINEAR);
    assertThat(new ScheduleSpec.Cosine(50).build()).isEqualTo(NoiseSchedule.cosine(50));
  }

  @Test
  void refusesImpossibleSchedules() {
    assertThatThrownBy(() -> NoiseSchedule.linear(0))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("0 steps");
    assertThatThrownBy(() -> NoiseSchedule.cosine(-1)).hasMessageContaining("-1 steps");
    assertThatThrownBy(() -> NoiseSchedule.linear(10, 0, 0.1))
        .hasMessageContaining("from beta 0.0 to 0.1");
    assertThatThrownBy(() -> NoiseSchedule.linear(10, 0.2, 0.1)).hasMessageContaining("0.2");
    assertThatThrownBy(() -> NoiseSchedule.linear(10, 0.2, 1)).hasMessageContaining("to 1.0");
    assertThatThrownBy(() -> NoiseSchedule.linear(10, Double.NaN, 0.1)).hasMessageContaining("NaN");
  }

  @Test
  void refusesImpossibleSelections() {
    assertThatThrownBy(() -> LINEAR.respaced(new int[0]))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("at least 1");
    assertThatThrownBy(() -> LINEAR.respaced(new int[] {5, 5}))
        .hasMessageContaining("[5, 5] are not increasing within 0..999");
    assertThatThrownBy(() -> LINEAR.respaced(new int[] {-1})).hasMessageContaining("[-1]");
    assertThatThrownBy(() -> LINEAR.respaced(new int[] {1000})).hasMessageContaining("[1000]");
  }
}
