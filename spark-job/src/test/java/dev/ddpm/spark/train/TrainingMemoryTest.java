package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LargeNetwork;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.training.BalancedOrder;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.RoundPlan;
import dev.ddpm.training.ShuffledOrder;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
  private static final long GIB = 1L << 30;

  private static MemoryNeeds needs(RoundPlan plan, Optimiser optimiser, OuterOptimiser outer) {
    return needs(plan, optimiser, outer, 1);
  }

  private static MemoryNeeds needs(
      RoundPlan plan, Optimiser optimiser, OuterOptimiser outer, int averages) {
    return TrainingMemory.of(
        LargeNetwork.UNET, plan, optimiser, outer, averages, 0, MemorySaving.NONE);
  }

  /** Known to take about 3.5 GB resident with batch size 16. */
  @Test
  void theLargeModelNeedsMoreThanSparksDefaults() {
    MemoryNeeds needs =
        TrainingMemory.of(
            LargeNetwork.UNET,
            new RoundPlan(64_000, 2, 16, 16, 0),
            Optimiser.ADAM,
            OuterOptimiser.AVERAGE,
            1,
            0,
            MemorySaving.NONE);

    assertThat(needs.result()).isBetween(GIB * 18 / 10, 2 * GIB);
    assertThat(needs.taskNative()).isBetween(3 * GIB, 5 * GIB);
    assertThat(needs.driverHeap()).isBetween(8 * GIB, 9 * GIB);
    assertThat(needs.heapTasks()).isEqualTo(2);
  }

  @Test
  void withoutMomentsAThirdTravels() {
    var plan = new RoundPlan(64_000, 2, 16, 16, 0);
    MemoryNeeds adam = needs(plan, Optimiser.ADAM, OuterOptimiser.AVERAGE);
    MemoryNeeds sgd = needs(plan, Optimiser.SGD, OuterOptimiser.AVERAGE);

    assertThat(3 * sgd.taskHeap()).isEqualTo(adam.taskHeap());
  }

  /** The driver alone keeps it: 4 bytes per weight, and what large arrays leave unused. */
  @Test
  void momentumOverRoundsIsKeptByTheDriver() {
    var plan = new RoundPlan(64_000, 2, 16, 16, 0);
    MemoryNeeds plain = needs(plan, Optimiser.ADAM, OuterOptimiser.AVERAGE);
    MemoryNeeds outer = needs(plan, Optimiser.ADAM, new OuterOptimiser(0.7, 0.9));

    assertThat(outer.driverHeap() - plain.driverHeap())
        .isEqualTo(5L * ParameterLayout.of(LargeNetwork.UNET).size());
    assertThat(outer.taskHeap()).isEqualTo(plain.taskHeap());
    assertThat(outer.result()).isEqualTo(plain.result());
  }

  @Test
  void everyAverageIsKeptByTheDriver() {
    var plan = new RoundPlan(64_000, 2, 16, 16, 0);
    MemoryNeeds one = needs(plan, Optimiser.ADAM, OuterOptimiser.AVERAGE, 1);
    MemoryNeeds three = needs(plan, Optimiser.ADAM, OuterOptimiser.AVERAGE, 3);

    assertThat(three.driverHeap() - one.driverHeap())
        .isEqualTo(10L * ParameterLayout.of(LargeNetwork.UNET).size());
    assertThat(three.taskHeap()).isEqualTo(one.taskHeap());
  }

  /** Balanced batches need the class of every image, on the driver and on each executor. */
  @Test
  void anOrderWithAListOfTheImagesIsCounted() {
    var plan = new RoundPlan(64_000, 2, 16, 16, 0);
    long images = 100_000_000;
    MemoryNeeds listed =
        TrainingMemory.of(
            LargeNetwork.UNET,
            plan,
            Optimiser.ADAM,
            OuterOptimiser.AVERAGE,
            1,
            4 * images,
            MemorySaving.NONE);
    MemoryNeeds plain = needs(plan, Optimiser.ADAM, OuterOptimiser.AVERAGE);

    assertThat(new BalancedOrder(new int[] {0, 1, 1}, 0).heapBytes()).isEqualTo(12);
    assertThat(new ShuffledOrder(plan).heapBytes()).isZero();
    assertThat(listed.driverHeap() - plain.driverHeap()).isEqualTo(8 * images);
    assertThat(listed.executorHeap() - plain.executorHeap()).isEqualTo(8 * images);
  }
}
