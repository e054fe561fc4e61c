package dev.ddpm.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 99, 100, 101, 1000, 10_007})
  void visitsEveryIdOnceAndKnowsWhen(long n) {
    Permutation order = Permutation.of(7, 3, n);
    boolean[] seen = new boolean[(int) n];
    for (long position = 0; position < n; position++) {
      long id = order.at(position);
      assertThat(id).isBetween(0L, n - 1);
      assertThat(seen[(int) id]).as("id %s seen before position %s", id, position).isFalse();
      seen[(int) id] = true;
      assertThat(order.positionOf(id)).isEqualTo(position);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {(1L << 31) - 1, (1L << 40) + 3, 1L << 60})
  void invertsHugeOrders(long n) {
    Permutation order = Permutation.of(1, 2, n);
    for (long position : new long[] {0, 1, n / 2, n - 1}) {
      long id = order.at(position);
      assertThat(id).isBetween(0L, n - 1);
      assertThat(order.positionOf(id)).isEqualTo(position);
    }
  }

  /** Computed by another implementation. */
  @Test
  void orderNeverChanges() {
    Permutation order = Permutation.of(42, 0, 10);
    assertThat(LongStream.range(0, 10).map(order::at))
        .containsExactly(6L, 4L, 5L, 7L, 2L, 9L, 1L, 3L, 0L, 8L);
  }

  @Test
  void epochsAndSeedsHaveTheirOwnOrders() {
    long[] first = order(1, 0);
    assertThat(order(1, 0)).containsExactly(first);
    assertThat(order(1, 1)).isNotEqualTo(first);
    assertThat(order(2, 0)).isNotEqualTo(first);
  }

  /** Each of 25 ids at each of 25 positions in 1/25 of the epochs, within five deviations. */
  @Test
  void everyIdComesAtEveryPositionEquallyOften() {
    int n = 25;
    int epochs = 10_000;
    int[][] counts = new int[n][n];
    for (int epoch = 0; epoch < epochs; epoch++) {
      Permutation order = Permutation.of(9, epoch, n);
      for (int position = 0; position < n; position++) {
        counts[position][(int) order.at(position)]++;
      }
    }
    double expected = epochs / (double) n;
    for (int position = 0; position < n; position++) {
      for (int id = 0; id < n; id++) {
        assertThat((double) counts[position][id])
            .as("id %s at position %s", id, position)
            .isCloseTo(expected, within(5 * Math.sqrt(expected)));
      }
    }
  }

  /** Rows that are neighbours in the table are not neighbours in the epoch. */
  @Test
  void neighboursAreTornApart() {
    int n = 10_000;
    Permutation order = Permutation.of(5, 0, n);
    double distance = 0;
    for (int position = 1; position < n; position++) {
      distance += Math.abs(order.at(position) - order.at(position - 1));
    }
    assertThat(distance / (n - 1)).isCloseTo(n / 3.0, within(n * 0.01));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, (1L << 60) + 1})
  void refusesSizesWithoutAnOrder(long n) {
    assertThatThrownBy(() -> Permutation.of(0, 0, n))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(n + " rows cannot be put in order");
  }

  @Test
  void refusesPositionsOutsideTheOrder() {
    Permutation order = Permutation.of(0, 0, 10);
    assertThatThrownBy(() -> order.at(10)).hasMessageContaining("10 is not in 0..9");
    assertThatThrownBy(() -> order.positionOf(-1)).hasMessageContaining("-1 is not in 0..9");
  }

  private static long[] order(long seed, long epoch) {
    Permutation order = Permutation.of(seed, epoch, 100);
    return LongStream.range(0, 100).map(order::at).toArray();
  }
}
