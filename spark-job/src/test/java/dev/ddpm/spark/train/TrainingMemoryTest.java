package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.runtime.MemoryNeeds;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.RoundPlan;
import dev.ddpm.unet.UNetSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
  private static final long GIB = 1L << 30;

  /** labml's 167,777,987 parameters: known to take about 3.5 GB resident with batch size 16. */
  private static final UNetSpec LABML =
      new UNetSpec(
          3, 32, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 1, 0.1);

  @Test
  void theLargeModelNeedsMoreThanSparksDefaults() {
    MemoryNeeds needs =
        TrainingMemory.of(LABML, new RoundPlan(64_000, 2, 16, 16, 0), Optimiser.ADAM);

    assertThat(needs.result()).isBetween(GIB * 18 / 10, 2 * GIB);
    assertThat(needs.taskNative()).isBetween(3 * GIB, 5 * GIB);
    assertThat(needs.driverHeap()).isBetween(8 * GIB, 9 * GIB);
  }

  @Test
  void withoutMomentsAThirdTravels() {
    var plan = new RoundPlan(64_000, 2, 16, 16, 0);
    MemoryNeeds adam = TrainingMemory.of(LABML, plan, Optimiser.ADAM);
    MemoryNeeds sgd = TrainingMemory.of(LABML, plan, Optimiser.SGD);

    assertThat(3 * sgd.taskHeap()).isEqualTo(adam.taskHeap());
  }
}
