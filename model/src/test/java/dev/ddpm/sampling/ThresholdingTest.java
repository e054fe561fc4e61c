package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import org.junit.jupiter.api.Test;

class ThresholdingTest {
  private final float[] scratch = new float[8];

  @Test
  void clippingTouchesOneImageOnly() {
    float[] x0 = {-3, -2, 0.5f, 2, 3};
    Thresholding.clip(DataRange.MINUS_ONE_TO_ONE).apply(x0, 1, 3, scratch);
    assertThat(x0).containsExactly(-3, -1, 0.5f, 1, 3);
  }

  @Test
  void noneChangesNothing() {
    float[] x0 = {-3, Float.NaN};
    Thresholding.NONE.apply(x0, 0, 2, scratch);
    assertThat(x0).containsExactly(-3, Float.NaN);
  }

  @Test
  void brokenPredictionsStayBroken() {
    float[] x0 = {Float.NaN};
    Thresholding.clip(DataRange.ZERO_TO_ONE).apply(x0, 0, 1, scratch);
    assertThat(x0).containsExactly(Float.NaN);
  }

  /** The quantile .75 of 0, 1, 2, 4, 6 is 4. */
  @Test
  void dynamicThresholdDividesByTheQuantile() {
    float[] x0 = {9, 0, -1, 2, -4, 6, 9};
    new Thresholding.Dynamic(0.75, 10).apply(x0, 1, 5, scratch);
    assertThat(x0).containsExactly(9, 0, -0.25f, 0.5f, -1, 1, 9);
  }

  /** The quantile .5 of 1, 3 lies between them. */
  @Test
  void dynamicThresholdInterpolates() {
    float[] x0 = {3, -1};
    new Thresholding.Dynamic(0.5, 10).apply(x0, 0, 2, scratch);
    assertThat(x0).containsExactly(1, -0.5f);
  }

  @Test
  void dynamicThresholdIsBounded() {
    float[] small = {0.1f, -0.2f, 0.3f};
    new Thresholding.Dynamic(0.5, 10).apply(small, 0, 3, scratch);
    assertThat(small).containsExactly(0.1f, -0.2f, 0.3f);

    float[] large = {8, -16, 1};
    new Thresholding.Dynamic(1, 2).apply(large, 0, 3, scratch);
    assertThat(large).containsExactly(1, -1, 0.5f);
  }

  @Test
  void refusesImpossibleQuantiles() {
    assertThatThrownBy(() -> new Thresholding.Dynamic(0, 2))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("quantile 0.0");
    assertThatThrownBy(() -> new Thresholding.Dynamic(1.1, 2)).hasMessageContaining("1.1");
    assertThatThrownBy(() -> new Thresholding.Dynamic(0.9, 0.5)).hasMessageContaining("up to 0.5");
  }
}
