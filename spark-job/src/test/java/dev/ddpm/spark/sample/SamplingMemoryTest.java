package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.runtime.MemoryNeeds;
import dev.ddpm.unet.UNetSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

class SamplingMemoryTest {
  private static final long GIB = 1L << 30;

  /** labml's 167,777,987 parameters: known to take 3.2 GB in batches of 16. */
  private static final UNetSpec LABML =
      new UNetSpec(
          3, 32, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 1, 0.1);

  @Test
  void theLargeModelNeedsMoreThanSparksDefaults() {
    MemoryNeeds needs = SamplingMemory.of(LABML, 16, "--lambdas");

    assertThat(needs.taskNative()).isBetween(31 * GIB / 10, 35 * GIB / 10);
    assertThat(needs.driverHeap()).isBetween(GIB * 18 / 10, GIB * 21 / 10);
  }

  @Test
  void growsWithTheMicroBatch() {
    MemoryNeeds one = SamplingMemory.of(LABML, 1, "--lambdas");
    MemoryNeeds four = SamplingMemory.of(LABML, 4, "--lambdas");
    MemoryNeeds seven = SamplingMemory.of(LABML, 7, "--lambdas");

    assertThat(four.taskNative()).isGreaterThan(one.taskNative());
    assertThat(seven.taskNative() - four.taskNative())
        .isBetween(
            four.taskNative() - one.taskNative() - 1, four.taskNative() - one.taskNative() + 1);
    assertThat(seven.taskHeap()).isEqualTo(7 * one.taskHeap());
    assertThat(seven.batchKey()).isEqualTo("--lambdas");
  }
}
