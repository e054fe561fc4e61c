package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoundPlanTest {

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1",
    "10, 1, 4, 2",
    "10, 2, 4, 2",
    "1000, 2, 16, 32",
    "1000, 3, 4, 7",
    "1001, 4, 3, 5",
    "17, 4, 2, 8",
    "5, 4, 2, 1",
    "96, 3, 4, 8",
    "97, 3, 4, 8",
    "10000, 2, 16, 64"
  })
  void everyRowIsUsedExactlyOnce(long rows, int workers, int frequency, int batchSize) {
    var plan = new RoundPlan(rows, workers, frequency, batchSize, 1);
    long position = 0;
    long steps = 0;
    Set<Integer> sizes = new TreeSet<>();
    for (int round = 0; round < plan.rounds(); round++) {
      assertThat(plan.stepsIn(round)).isBetween(1, frequency);
      for (int step = 0; step < plan.stepsIn(round); step++) {
        for (int worker = 0; worker < workers; worker++) {
          assertThat(plan.batchStart(round, worker, step)).isEqualTo(position);
          long end = plan.batchEnd(round, worker, step);
          assertThat(end - position).isBetween(0L, (long) batchSize);
          sizes.add((int) (end - position));
          for (; position < end; position++) {
            assertThat(plan.slot(position)).isEqualTo(new RoundPlan.Slot(round, worker, step));
          }
        }
      }
      steps += plan.stepsIn(round);
    }
    assertThat(position).isEqualTo(rows);
    sizes.remove(0);
    assertThat(plan.batchSizes()).isEqualTo(sizes);
    assertThat(plan.stepsPerEpoch()).isEqualTo(steps);
    assertThat(plan.stepsAfter(plan.rounds())).isEqualTo(steps);
    assertThat(plan.stepsAfter(3L * plan.rounds() - 1))
        .isEqualTo(3 * steps - plan.stepsIn(plan.rounds() - 1));
  }

  @Test
  void batchesOfAnIncompleteRoundDifferByAtMostOneRow() {
    var plan = new RoundPlan(1003, 4, 8, 16, 1);
    List<Long> sizes = new ArrayList<>();
    int last = plan.rounds() - 1;
    for (int step = 0; step < plan.stepsIn(last); step++) {
      for (int worker = 0; worker < 4; worker++) {
        sizes.add(plan.batchEnd(last, worker, step) - plan.batchStart(last, worker, step));
      }
    }
    assertThat(sizes.stream().mapToLong(Long::longValue).sum()).isEqualTo(1003 - 512);
    long smallest = sizes.stream().mapToLong(Long::longValue).min().orElseThrow();
    assertThat(sizes).allMatch(size -> size - smallest <= 1);
  }

  @Test
  void aStepOfTwoWorkersIsTheStepOfOneWithTwiceTheBatch() {
    var two = new RoundPlan(64, 2, 1, 8, 1);
    var one = new RoundPlan(64, 1, 1, 16, 1);
    assertThat(two.rounds()).isEqualTo(one.rounds());
    for (int round = 0; round < two.rounds(); round++) {
      assertThat(two.batchStart(round, 0, 0)).isEqualTo(one.batchStart(round, 0, 0));
      assertThat(two.batchEnd(round, 1, 0)).isEqualTo(one.batchEnd(round, 0, 0));
    }
  }

  @Test
  void epochsVisitTheRowsInDifferentOrders() {
    var plan = new RoundPlan(1000, 1, 4, 10, 1);
    assertThat(plan.order(0).at(0)).isNotEqualTo(plan.order(1).at(0));
  }

  /** As whoever wants one averaging per epoch may set it. */
  @Test
  void aRoundMayBeLongerThanTheEpoch() {
    var plan = new RoundPlan(1000, 4, 1_000_000_000, 10, 1);
    assertThat(plan.rounds()).isEqualTo(1);
    assertThat(plan.stepsPerEpoch()).isEqualTo(25);
  }

  @Test
  void refusesWhatCannotBeDealtOut() {
    assertThatThrownBy(() -> new RoundPlan(3, 4, 1, 1, 0))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("workers = 4: the data set has only 3 rows");
    assertThatThrownBy(() -> new RoundPlan(3, 1, 0, 1, 0))
        .hasMessageContaining("averaging-frequency = 0: must be at least 1");
    assertThatThrownBy(() -> new RoundPlan(3, 1, 1, -1, 0))
        .hasMessageContaining("batch-size = -1: must be at least 1");
    assertThatThrownBy(() -> new RoundPlan(3_000_000, 1_000_000, 1_000_000_000, 1_000_000, 0))
        .hasMessageContaining("averaging-frequency = 1000000000: is too much for 1000000 workers");
  }
}
