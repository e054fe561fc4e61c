package dev.ddpm.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DataRangeTest {
  @ParameterizedTest
  @EnumSource(DataRange.class)
  void everyLevelSurvivesTheRoundTrip(DataRange range) {
    byte[] levels = new byte[256];
    for (int level = 0; level < 256; level++) {
      levels[level] = (byte) level;
    }
    float[] values = new float[258];
    byte[] back = new byte[257];

    range.fromBytes(levels, 0, values, 2, 256);
    range.toBytes(values, 2, back, 1, 256);

    for (int level = 0; level < 256; level++) {
      assertThat(back[level + 1] & 0xff).isEqualTo(level);
    }
    assertThat(values[2]).isEqualTo(range.minimum());
    assertThat(values[257]).isEqualTo(range.maximum());
    assertThat(values).startsWith(0, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "ZERO_TO_ONE, 51, 0.2",
    "ZERO_TO_ONE, 255, 1",
    "MINUS_ONE_TO_ONE, 0, -1",
    "MINUS_ONE_TO_ONE, 51, -0.6",
    "MINUS_ONE_TO_ONE, 204, 0.6"
  })
  void levelsHaveTheirValues(DataRange range, int level, float value) {
    float[] values = new float[1];
    range.fromBytes(new byte[] {(byte) level}, 0, values, 0, 1);
    assertThat(values[0]).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({
    "ZERO_TO_ONE, -7, 0",
    "ZERO_TO_ONE, 1.5, 255",
    "ZERO_TO_ONE, 0.5, 128",
    "MINUS_ONE_TO_ONE, 0, 128",
    "MINUS_ONE_TO_ONE, -1.01, 0",
    "MINUS_ONE_TO_ONE, Infinity, 255",
    "MINUS_ONE_TO_ONE, -Infinity, 0",
    "MINUS_ONE_TO_ONE, 0.999, 255"
  })
  void valuesGoToTheNearestLevel(DataRange range, float value, int level) {
    byte[] levels = new byte[1];
    range.toBytes(new float[] {value}, 0, levels, 0, 1);
    assertThat(levels[0] & 0xff).isEqualTo(level);
  }

  @ParameterizedTest
  @EnumSource(DataRange.class)
  void refusesWhatIsNotANumber(DataRange range) {
    assertThatThrownBy(() -> range.toBytes(new float[] {0, Float.NaN}, 0, new byte[2], 0, 2))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("Value 1 of an image is not a number");
  }

  @Test
  void presetsAreThoseOfTheirAuthors() {
    assertThat(Preset.LABML).returns(false, Preset::clipX0).returns(true, Preset::noiseAtLastStep);
    assertThat(Preset.PAPER).returns(true, Preset::clipX0).returns(false, Preset::noiseAtLastStep);
  }
}
