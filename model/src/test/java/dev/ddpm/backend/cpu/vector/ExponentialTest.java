package dev.ddpm.backend.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ExponentialTest {
  private static final int COUNT = 64 * FloatVectors.LANES;

  /** −limit to limit, in equal steps. */
  private static float[] grid(float limit) {
    float[] values = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      values[i] = limit * (2f * i / (COUNT - 1) - 1);
    }
    return values;
  }

  @Test
  void isAsCloseAsItSays() {
    float[] near = grid(10);
    float[] far = grid(87);
    float[] ofNear = near.clone();
    float[] ofFar = far.clone();
    Exponential.apply(ofNear, COUNT);
    Exponential.apply(ofFar, COUNT);
    for (int i = 0; i < COUNT; i++) {
      assertThat(ofNear[i] / Math.exp(near[i])).isCloseTo(1, within(4e-7));
      assertThat(ofFar[i] / Math.exp(far[i])).isCloseTo(1, within(3e-6));
    }
  }

  @Test
  void isThatOfTheLimitBeyondIt() {
    float[] values = new float[COUNT];
    float[] limits = new float[COUNT];
    float[] beyond = {88, -88, 1e30f, -1e30f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    for (int i = 0; i < COUNT; i++) {
      values[i] = beyond[i % beyond.length];
      limits[i] = Math.copySign(87, values[i]);
    }
    Exponential.apply(values, COUNT);
    Exponential.apply(limits, COUNT);
    assertThat(values).containsExactly(limits);
  }

  @Test
  void swishIsMadeOfThatExponential() {
    float[] values = grid(100);
    float[] exponentials = new float[COUNT];
    float[] expected = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      exponentials[i] = -values[i];
    }
    Exponential.apply(exponentials, COUNT);
    for (int i = 0; i < COUNT; i++) {
      expected[i] = values[i] / (exponentials[i] + 1);
    }
    Exponential.swish(values, COUNT);
    assertThat(values).containsExactly(expected);
  }

  /** A loss that is not a number must be noticed, not become one. */
  @Test
  void swishOfNaNIsNaN() {
    float[] values = new float[COUNT];
    Arrays.fill(values, Float.NaN);
    Exponential.swish(values, COUNT);
    assertThat(values).containsOnly(Float.NaN);
  }
}
