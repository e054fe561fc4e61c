package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LargeNetwork;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.RoundPlan;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
  private static final long GIB = 1L << 30;

  /** Known to take about 3.5 GB resident with batch size 16. */
  @Test
  void theLargeModelNeedsMoreThanSparksDefaults() {
    MemoryNeeds needs =
        TrainingMemory.of(LargeNetwork.UNET, new RoundPlan(64_000, 2, 16, 16, 0), Optimiser.ADAM);

    assertThat(needs.result()).isBetween(GIB * 18 / 10, 2 * GIB);
    assertThat(needs.taskNative()).isBetween(3 * GIB, 5 * GIB);
    assertThat(needs.driverHeap()).isBetween(8 * GIB, 9 * GIB);
  }

  @Test
  void withoutMomentsAThirdTravels() {
    var plan = new RoundPlan(64_000, 2, 16, 16, 0);
    MemoryNeeds adam = TrainingMemory.of(LargeNetwork.UNET, plan, Optimiser.ADAM);
    MemoryNeeds sgd = TrainingMemory.of(LargeNetwork.UNET, plan, Optimiser.SGD);

    assertThat(3 * sgd.taskHeap()).isEqualTo(adam.taskHeap());
  }
}
