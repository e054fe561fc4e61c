package dev.ddpm.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CounterRandomTest {
  private static final int MANY = 1 << 20;
  private static final long SEED = 42;

  /** Philox in another language and quantiles to 40 digits, rounded to float. */
  @Test
  void gaussianNumbersNeverChange() {
    float[] expected = {
      -0.47986737f, 2.0844302f, -0.12394183f, 0.20684712f,
      0.0039265594f, -0.44278276f, -1.862462f, 0.17213617f,
      0.6880176f, -1.1313443f, -0.27988923f, 1.1077305f
    };
    float[] drawn = new float[expected.length];

    CounterRandom.gaussian(
        0x123456789ABCDEFL, Stream.SAMPLE_NOISE, (5L << 32) + 7, 999, drawn, 0, drawn.length);

    assertThat(drawn).containsExactly(expected);
  }

  @Test
  void bitsNeverChange() {
    assertThat(CounterRandom.bits(0x123456789ABCDEFL, Stream.SAMPLE_NOISE, (5L << 32) + 7, 999))
        .isEqualTo(0xfb3f9e1750cf263fL);
  }

  @Test
  void streamIdsNeverChange() {
    assertThat(Arrays.stream(Stream.values()).mapToInt(Stream::id))
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
    assertThat(Stream.values())
        .containsExactly(
            Stream.TIMESTEP,
            Stream.TRAINING_NOISE,
            Stream.FLIP,
            Stream.DROPOUT,
            Stream.SAMPLE_NOISE,
            Stream.PERMUTATION,
            Stream.WEIGHT_INIT,
            Stream.SPLIT,
            Stream.EVALUATION_TIMESTEP,
            Stream.EVALUATION_NOISE,
            Stream.PROJECTION,
            Stream.EVALUATION_ORDER,
            Stream.LABEL_DROPOUT,
            Stream.CLASS_ORDER);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 31})
  void elementsDependNeitherOnLengthNorOnOffset(int length) {
    float[] whole = new float[32];
    CounterRandom.gaussian(SEED, Stream.TRAINING_NOISE, 3, 1, whole, 0, whole.length);
    float[] part = new float[64];
    Arrays.fill(part, Float.NaN);

    CounterRandom.gaussian(SEED, Stream.TRAINING_NOISE, 3, 1, part, 5, length);

    assertThat(Arrays.copyOfRange(part, 5, 5 + length)).isEqualTo(Arrays.copyOf(whole, length));
    assertThat(Arrays.copyOf(part, 5)).containsOnly(Float.NaN);
    assertThat(Arrays.copyOfRange(part, 5 + length, 64)).containsOnly(Float.NaN);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 31})
  void uniformElementsDependNeitherOnLengthNorOnOffset(int length) {
    float[] whole = new float[32];
    CounterRandom.uniform(SEED, Stream.WEIGHT_INIT, 3, 1, whole, 0, whole.length);
    float[] part = new float[64];

    CounterRandom.uniform(SEED, Stream.WEIGHT_INIT, 3, 1, part, 7, length);

    assertThat(Arrays.copyOfRange(part, 7, 7 + length)).isEqualTo(Arrays.copyOf(whole, length));
  }

  @Test
  void gaussianMomentsAreThoseOfTheStandardNormal() {
    float[] z = normals(Stream.SAMPLE_NOISE, 0, 0);

    assertThat(mean(z, v -> v)).isCloseTo(0, within(4e-3));
    assertThat(mean(z, v -> v * v)).isCloseTo(1, within(6e-3));
    assertThat(mean(z, v -> v * v * v)).isCloseTo(0, within(1.6e-2));
    assertThat(mean(z, v -> v * v * v * v)).isCloseTo(3, within(4e-2));
  }

  /** Expected counts of 2^20 draws, within four standard deviations of each. */
  @Test
  void gaussianTailsHaveTheirShare() {
    float[] z = normals(Stream.SAMPLE_NOISE, 1, 0);
    double[] bounds = {1, 2, 3, 4};
    double[] twoSided = {0.31731050786, 0.04550026390, 0.00269979606, 0.0000633424837};

    for (int i = 0; i < bounds.length; i++) {
      double bound = bounds[i];
      double expected = MANY * twoSided[i];
      assertThat(MANY * mean(z, v -> Math.abs(v) > bound ? 1 : 0))
          .as("beyond %s", bound)
          .isCloseTo(expected, within(4 * Math.sqrt(expected)));
    }
  }

  /** Chi-squared over 64 equally likely cells: 63 degrees of freedom, quantile .9999. */
  @Test
  void uniformNumbersFillTheirCellsEvenly() {
    float[] u = new float[MANY];
    CounterRandom.uniform(SEED, Stream.WEIGHT_INIT, 0, 0, u, 0, MANY);
    int[] cells = new int[64];
    for (float value : u) {
      cells[(int) (value * 64)]++;
    }

    double expected = MANY / 64.0;
    double chiSquared = 0;
    for (int count : cells) {
      chiSquared += (count - expected) * (count - expected) / expected;
    }

    assertThat(chiSquared).isBetween(25.0, 112.0);
  }

  @Test
  void successiveElementsAreUncorrelated() {
    float[] z = normals(Stream.SAMPLE_NOISE, 2, 0);
    for (int lag : new int[] {1, 2, 3, 4, 5, 8}) {
      double sum = 0;
      for (int i = lag; i < MANY; i++) {
        sum += z[i] * z[i - lag];
      }
      assertThat(sum / MANY).as("lag %s", lag).isCloseTo(0, within(4e-3));
    }
  }

  @Test
  void otherKeysGiveIndependentNumbers() {
    float[] z = normals(Stream.SAMPLE_NOISE, 3, 5);

    assertThat(correlation(z, normals(Stream.SAMPLE_NOISE, 4, 5))).isCloseTo(0, within(4e-3));
    assertThat(correlation(z, normals(Stream.SAMPLE_NOISE, 3, 6))).isCloseTo(0, within(4e-3));
    assertThat(correlation(z, normals(Stream.TRAINING_NOISE, 3, 5))).isCloseTo(0, within(4e-3));
    assertThat(correlation(z, normals(Stream.SAMPLE_NOISE, 3 + (1L << 32), 5)))
        .isCloseTo(0, within(4e-3));
    float[] otherSeed = new float[MANY];
    CounterRandom.gaussian(SEED + 1, Stream.SAMPLE_NOISE, 3, 5, otherSeed, 0, MANY);
    assertThat(correlation(z, otherSeed)).isCloseTo(0, within(4e-3));
  }

  /** The indices of neighbouring images at one element: the other direction of the counter. */
  @Test
  void oneElementOverManyIndicesIsStandardNormal() {
    float[] z = new float[1 << 16];
    for (int i = 0; i < z.length; i++) {
      CounterRandom.gaussian(SEED, Stream.SAMPLE_NOISE, i, 0, z, i, 1);
    }

    assertThat(mean(z, v -> v)).isCloseTo(0, within(1.6e-2));
    assertThat(mean(z, v -> v * v)).isCloseTo(1, within(2.3e-2));
  }

  @ParameterizedTest
  @EnumSource(Stream.class)
  void everyStreamIsItsOwn(Stream stream) {
    for (Stream other : Stream.values()) {
      if (other != stream) {
        assertThat(CounterRandom.bits(SEED, stream, 0, 0))
            .isNotEqualTo(CounterRandom.bits(SEED, other, 0, 0));
      }
    }
  }

  @Test
  void uniformScalarIsInRangeAndEven() {
    double sum = 0;
    int n = 1 << 16;
    for (int i = 0; i < n; i++) {
      double u = CounterRandom.uniform(SEED, Stream.FLIP, i, 0);
      assertThat(u).isGreaterThanOrEqualTo(0).isLessThan(1);
      sum += u;
    }
    assertThat(sum / n).isCloseTo(0.5, within(4 * Math.sqrt(1.0 / 12 / n)));
  }

  @Test
  void everyTimestepIsEquallyLikely() {
    int bound = 1000;
    int[] counts = new int[bound];
    int draws = 1_000_000;
    for (int i = 0; i < draws; i++) {
      counts[CounterRandom.uniformInt(SEED, Stream.TIMESTEP, i, 0, bound)]++;
    }

    double expected = draws / (double) bound;
    for (int t = 0; t < bound; t++) {
      assertThat((double) counts[t])
          .as("draws of %s", t)
          .isCloseTo(expected, within(5 * Math.sqrt(expected)));
    }
  }

  @Test
  void uniformIntCoversTheWholeRangeOfInt() {
    assertThat(CounterRandom.uniformInt(SEED, Stream.SPLIT, 0, 0, 1)).isZero();
    int largest = 0;
    for (int i = 0; i < 64; i++) {
      int drawn = CounterRandom.uniformInt(SEED, Stream.SPLIT, i, 0, Integer.MAX_VALUE);
      assertThat(drawn).isNotNegative();
      largest = Math.max(largest, drawn);
    }
    assertThat(largest).isGreaterThan(1 << 30);
  }

  @Test
  void refusesAnEmptyRange() {
    assertThatThrownBy(() -> CounterRandom.uniformInt(SEED, Stream.SPLIT, 0, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bound = 0");
  }

  @Test
  void refusesARangeOutsideTheArray() {
    assertThatThrownBy(() -> CounterRandom.gaussian(SEED, Stream.SPLIT, 0, 0, new float[4], 2, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> CounterRandom.uniform(SEED, Stream.SPLIT, 0, 0, new float[4], 0, 5))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static float[] normals(Stream stream, long index, int step) {
    float[] z = new float[MANY];
    CounterRandom.gaussian(SEED, stream, index, step, z, 0, MANY);
    return z;
  }

  private static double mean(float[] values, DoubleUnaryOperator function) {
    double sum = 0;
    for (float value : values) {
      sum += function.applyAsDouble(value);
    }
    return sum / values.length;
  }

  private static double correlation(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum / a.length;
  }
}
