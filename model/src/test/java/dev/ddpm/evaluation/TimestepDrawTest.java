package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimestepDrawTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, 0.9999999999999999})
  void allAreAllWithTheirOwnWeight(double offset) {
    TimestepDraw all = new TimestepDraw(999, 999);

    assertThat(all.at(offset)).containsExactly(IntStream.rangeClosed(1, 999).toArray());
    assertThat(all.weight(1)).isEqualTo(1);
    assertThat(all.weight(999)).isEqualTo(1);
  }

  /** Over all offsets, a timestep's share times its weight is 1: no bias, whatever the terms. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 50, 500})
  void shareTimesWeightIsOne(int drawn) {
    TimestepDraw draw = new TimestepDraw(999, drawn);
    int offsets = 20_000;
    double[] weighted = new double[1000];
    for (int i = 0; i < offsets; i++) {
      int[] timesteps = draw.at((i + 0.5) / offsets);
      assertThat(timesteps.length).isBetween(drawn - 1, drawn + 1);
      for (int t : timesteps) {
        weighted[t] += draw.weight(t) / offsets;
      }
    }

    for (int t = 1; t < 1000; t++) {
      assertThat(weighted[t]).isCloseTo(1, within(2 * draw.weight(t) / offsets));
    }
  }

  @Test
  void thoseThatCostMostAreAlwaysThere() {
    TimestepDraw draw = new TimestepDraw(999, 50);

    assertThat(draw.at(0)).startsWith(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(draw.at(0.99)).startsWith(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(draw.weight(8)).isEqualTo(1);
    assertThat(draw.weight(9)).isGreaterThan(1);
    assertThat(draw.weight(900)).isCloseTo(2 * draw.weight(450), within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1000})
  void otherNumbersAreRefused(int drawn) {
    assertThatThrownBy(() -> new TimestepDraw(999, drawn))
        .isInstanceOf(DdpmException.class)
        .hasMessage(drawn + " timesteps per image: must be 1 to 999, one less than the model has.");
  }
}
