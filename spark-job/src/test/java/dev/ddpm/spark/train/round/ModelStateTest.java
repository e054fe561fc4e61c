package dev.ddpm.spark.train.round;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelStateTest {
  private static final float[] ALL = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

  private static ModelState state() {
    return new ModelState(
        new WireFloats(Arrays.copyOf(ALL, 5)), new WireFloats(Arrays.copyOfRange(ALL, 5, 15)), 7);
  }

  private static ModelState zeros() {
    return new ModelState(new WireFloats(new float[5]), new WireFloats(new float[10]), 7);
  }

  /** Pieces that end before, at, across and after the boundary of parameters and moments. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 7, 15})
  void piecesMakeUpTheWhole(int length) {
    ModelState whole = zeros();
    for (int from = 0; from < ALL.length; from += length) {
      int next = Math.min(length, ALL.length - from);
      float[] piece = state().slice(from, next, WireFormat.FLOAT32).values();
      assertThat(piece).isEqualTo(Arrays.copyOfRange(ALL, from, from + next));
      whole.set(from, piece);
    }

    assertThat(whole.parameters().values()).isEqualTo(state().parameters().values());
    assertThat(whole.updater().values()).isEqualTo(state().updater().values());
  }

  @Test
  void whatIsSubtractedCanBeAddedAgain() {
    ModelState state = state();
    WireFloats start = new WireFloats(new float[] {4, 3, 2, 1, 0});

    state.subtract(start);
    assertThat(state.parameters().values()).containsExactly(-4, -2, 0, 2, 4);
    assertThat(state.updater().values()).isEqualTo(state().updater().values());
    state.add(start);
    assertThat(state.parameters().values()).isEqualTo(state().parameters().values());
  }
}
