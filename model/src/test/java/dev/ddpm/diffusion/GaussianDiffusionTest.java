package dev.ddpm.diffusion;

import static dev.ddpm.golden.GoldenFile.largestDifference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.golden.GoldenFile;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GaussianDiffusionTest {
  private static final int SIZE = 1 << 16;
  private final GaussianDiffusion diffusion = new GaussianDiffusion(NoiseSchedule.linear(1000));

  /**
   * The reference has 1 − ᾱ in single precision, at t = 0 only to 3 digits: times noise of 3 that
   * is 3e-6. With its own ᾱ the results are equal.
   */
  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mnist_noattn", "rgb_attn2", "groups32"})
  void noisesImagesAsTheReferenceDoes(String network) {
    GoldenFile golden = GoldenFile.open(network);
    float[] x = golden.values("x");
    float[] t = golden.values("t");
    GaussianDiffusion process =
        new GaussianDiffusion(NoiseSchedule.linear(golden.values("beta").length));
    float[] xt = new float[x.length];
    int size = x.length / t.length;

    for (int image = 0; image < t.length; image++) {
      process.qSample(x, golden.values("noise"), (int) t[image], xt, image * size, size);
    }

    assertThat(largestDifference(xt, golden.values("x_t"))).isLessThan(5e-6f);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mnist_noattn", "rgb_attn2", "groups32"})
  void reverseStepIsThatOfTheReference(String network) {
    GoldenFile golden = GoldenFile.open(network);
    float[] x = golden.values("psample.x");
    float[] t = golden.values("psample.t");
    float[] epsilon = golden.values("psample.eps_theta");
    float[] z = golden.values("psample.z");
    GaussianDiffusion process =
        new GaussianDiffusion(NoiseSchedule.linear(golden.values("beta").length));
    float[] out = new float[x.length];
    int size = x.length / t.length;

    for (int image = 0; image < t.length; image++) {
      int step = (int) t[image];
      int offset = image * size;
      process.predictX0(Prediction.EPSILON, x, epsilon, step, out, offset, size);
      process.posteriorMean(out, x, step, out, offset, size);
      process.addNoise(Variance.FIXED_LARGE, out, z, step, offset, size);
    }

    assertThat(largestDifference(out, golden.values("psample.out"))).isLessThan(2e-5f);
  }

  @ParameterizedTest
  @EnumSource(Prediction.class)
  void everyPredictionLeadsBackToImageAndNoise(Prediction prediction) {
    float[] x0 = {-1, -0.25f, 0, 0.5f, 1};
    float[] epsilon = {0.3f, -2, 1, 0, 3};
    float[] xt = new float[5];
    float[] target = new float[5];
    float[] foundX0 = new float[5];
    float[] foundEpsilon = new float[5];

    for (int t : new int[] {50, 499, 700}) {
      diffusion.qSample(x0, epsilon, t, xt, 0, 5);
      diffusion.target(prediction, x0, epsilon, t, target, 0, 5);
      diffusion.predictX0(prediction, xt, target, t, foundX0, 0, 5);
      diffusion.predictEpsilon(prediction, xt, target, t, foundEpsilon, 0, 5);

      // Whatever is rounded in x_t is divided by the share of the signal in it.
      float x0Tolerance = (float) (5e-7 / diffusion.schedule().signal(t));
      assertThat(foundX0).as("x0 at %s", t).containsExactly(x0, within(x0Tolerance));
      assertThat(foundEpsilon).as("epsilon at %s", t).containsExactly(epsilon, within(3e-6f));
    }
  }

  @Test
  void velocityIsThatOfProgressiveDistillation() {
    float[] target = new float[1];
    diffusion.target(Prediction.V, new float[] {2}, new float[] {3}, 499, target, 0, 1);
    assertThat(target[0]).isCloseTo((float) (0.28033416 * 3 - 0.95990247 * 2), within(1e-6f));
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "500", "999"})
  void posteriorMeanIsTheReverseMeanOfThePaper(int t) {
    float[] xt = {-1.5f, 0.1f, 2};
    float[] epsilon = {-1, 0.2f, 1.7f};
    float[] x0 = new float[3];
    float[] overX0 = new float[3];
    float[] expected = new float[3];
    NoiseSchedule schedule = diffusion.schedule();
    for (int i = 0; i < 3; i++) {
      // equation 11: (x_t − β_t/√(1−ᾱ_t)·ε)/√α_t
      double noise = schedule.beta(t) / schedule.noise(t) * epsilon[i];
      expected[i] = (float) ((xt[i] - noise) / Math.sqrt(schedule.alpha(t)));
    }

    diffusion.predictX0(Prediction.EPSILON, xt, epsilon, t, x0, 0, 3);
    diffusion.posteriorMean(x0, xt, t, overX0, 0, 3);

    assertThat(overX0).containsExactly(expected, within(1e-6f));
  }

  @Test
  void noisedImagesHaveTheMomentsOfTheForwardProcess() {
    float[] x0 = new float[SIZE];
    Arrays.fill(x0, 0.5f);
    float[] epsilon = new float[SIZE];
    CounterRandom.gaussian(1, Stream.TRAINING_NOISE, 0, 0, epsilon, 0, SIZE);
    float[] xt = new float[SIZE];

    diffusion.qSample(x0, epsilon, 499, xt, 0, SIZE);

    double mean = 0;
    double square = 0;
    for (float value : xt) {
      mean += value / (double) SIZE;
      square += value * (double) value / SIZE;
    }
    assertThat(mean).isCloseTo(0.28033416 * 0.5, within(0.016));
    assertThat(square - mean * mean).isCloseTo(1 - 0.07858724288, within(0.022));
  }

  @Test
  void touchesOnlyItsSlice() {
    float[] ones = {1, 1, 1, 1};
    float[] out = new float[4];
    diffusion.qSample(ones, ones, 10, out, 1, 2);
    assertThat(out[0]).isZero();
    assertThat(out[1]).isNotZero();
    assertThat(out[2]).isNotZero();
    assertThat(out[3]).isZero();
  }
}
