package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.image.ClassLabels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BalancedOrderTest {
  private static final int NONE = ClassLabels.NO_LABEL;
  private static final int EPOCHS = 5;

  /** So many rows of each class, in any order. */
  private static int[] labels(int unlabelled, int... sizes) {
    List<Integer> labels = new ArrayList<>();
    for (int label = 0; label < sizes.length; label++) {
      labels.addAll(java.util.Collections.nCopies(sizes[label], 10 * label));
    }
    labels.addAll(java.util.Collections.nCopies(unlabelled, NONE));
    java.util.Collections.shuffle(labels, new java.util.Random(1));
    return labels.stream().mapToInt(Integer::intValue).toArray();
  }

  static java.util.stream.Stream<int[]> tables() {
    return java.util.stream.Stream.of(
        labels(0, 40, 3, 17),
        labels(7, 40, 3, 17),
        labels(90, 4, 6),
        labels(0, 12),
        labels(1, 1, 1, 1, 100),
        labels(3, 2, 5));
  }

  /** The row at each position of an epoch. */
  private static int[] epoch(EpochOrder order, int[] labels, long epoch) {
    int[] rows = new int[labels.length];
    Arrays.fill(rows, -1);
    for (int row = 0; row < labels.length; row++) {
      for (long position : order.positions(epoch, row, labels[row]).toArray()) {
        assertThat(rows[(int) position]).as("position %d", position).isEqualTo(-1);
        rows[(int) position] = row;
      }
    }
    assertThat(rows).doesNotContain(-1);
    return rows;
  }

  @ParameterizedTest
  @MethodSource("tables")
  void everyClassHasTheSameShareAndRowsWithoutOneAreUsedOnce(int[] labels) {
    var order = new BalancedOrder(labels, 7);
    int classes = order.classes();
    int unlabelled = (int) Arrays.stream(labels).filter(label -> label == NONE).count();
    int[] uses = new int[labels.length];
    Set<List<Long>> drawn = new HashSet<>();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      int[] rows = epoch(order, labels, epoch);
      int[] counts = new int[10 * labels.length];
      for (int position = 0; position < rows.length; position++) {
        int label = labels[rows[position]];
        uses[rows[position]]++;
        assertThat(
                drawn.add(List.of((long) rows[position], (long) order.use(epoch, position, label))))
            .as("row %d is drawn for in another way than before", rows[position])
            .isTrue();
        if (label != NONE) {
          counts[label]++;
        }
      }
      int share = (labels.length - unlabelled) / classes;
      for (int label : labels) {
        if (label != NONE) {
          assertThat(counts[label]).isBetween(share - 1, share + 2);
        }
      }
    }
    for (int label : Arrays.stream(labels).distinct().toArray()) {
      int[] ofClass =
          IntStream.range(0, labels.length)
              .filter(row -> labels[row] == label)
              .map(row -> uses[row])
              .sorted()
              .toArray();
      if (label == NONE) {
        assertThat(ofClass).containsOnly(EPOCHS);
      } else {
        assertThat(ofClass[ofClass.length - 1] - ofClass[0]).isBetween(0, 1);
      }
    }
  }

  @Test
  void everyBatchIsBalanced() {
    int[] labels = labels(32, 400, 8, 90, 14);
    var order = new BalancedOrder(labels, 7);
    int[] rows = epoch(order, labels, 3);
    for (int from = 0; from + 34 <= rows.length; from += 34) {
      int[] batch = Arrays.copyOfRange(rows, from, from + 34);
      assertThat(Arrays.stream(batch).filter(row -> labels[row] == NONE).count()).isEqualTo(2);
      for (int label = 0; label < 40; label += 10) {
        int wanted = label;
        assertThat(Arrays.stream(batch).filter(row -> labels[row] == wanted).count())
            .isBetween(7L, 9L);
      }
    }
  }

  @Test
  void ordersOfEpochsAndSeedsDiffer() {
    int[] labels = labels(5, 30, 30);
    int[] first = epoch(new BalancedOrder(labels, 7), labels, 0);

    assertThat(epoch(new BalancedOrder(labels, 7), labels, 0)).isEqualTo(first);
    assertThat(epoch(new BalancedOrder(labels, 7), labels, 1)).isNotEqualTo(first);
    assertThat(epoch(new BalancedOrder(labels, 8), labels, 0)).isNotEqualTo(first);
  }

  @Test
  void theShuffledOrderUsesEveryRowOncePerEpoch() {
    int[] labels = labels(2, 5, 9);
    var order = new ShuffledOrder(new RoundPlan(labels.length, 1, 2, 3, 7));

    assertThat(epoch(order, labels, 2)).containsExactlyInAnyOrder(IntStream.range(0, 16).toArray());
    assertThat(order.use(2, 0, 0)).isEqualTo(2);
  }

  @Test
  void rowsWithoutClassesCannotBeBalanced() {
    assertThatThrownBy(() -> new BalancedOrder(new int[] {NONE, NONE}, 7))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
