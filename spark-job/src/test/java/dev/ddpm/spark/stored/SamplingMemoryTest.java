package dev.ddpm.spark.stored;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.network.Architecture;
import dev.ddpm.sampling.Guidance;
import dev.ddpm.spark.LargeNetwork;
import dev.ddpm.spark.cluster.MemoryNeeds;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SamplingMemoryTest {
  private static final long GIB = 1L << 30;

  /** Known to take 3.2 GB in batches of 16. */
  @Test
  void theLargeModelNeedsMoreThanSparksDefaults() {
    MemoryNeeds needs = SamplingMemory.of(LargeNetwork.UNET, 16, "--lambdas");

    assertThat(needs.taskNative()).isBetween(31 * GIB / 10, 35 * GIB / 10);
    assertThat(needs.driverHeap()).isBetween(GIB * 18 / 10, GIB * 21 / 10);
  }

  @Test
  void guidanceComputesTwiceTheImagesOrWithTwoNetworks() {
    MemoryNeeds plain = SamplingMemory.of(LargeNetwork.UNET, 4, "--lambdas");
    MemoryNeeds itself = guided(Guidance.of(2), Optional.empty());
    MemoryNeeds sometimes = guided(new Guidance(2, 100, 700), Optional.empty());
    MemoryNeeds another = guided(Guidance.of(2), Optional.of(LargeNetwork.UNET));

    assertThat(itself.taskNative())
        .isEqualTo(SamplingMemory.of(LargeNetwork.UNET, 8, "--lambdas").taskNative());
    assertThat(sometimes.taskNative())
        .isEqualTo(SamplingMemory.of(LargeNetwork.UNET, 12, "--lambdas").taskNative());
    assertThat(another.taskNative()).isEqualTo(2 * plain.taskNative());
    assertThat(itself.driverHeap()).isEqualTo(plain.driverHeap());
    assertThat(another.driverHeap()).isGreaterThan(plain.driverHeap() * 3 / 2);
    assertThat(itself.taskHeap()).isGreaterThan(plain.taskHeap());
    assertThat(guided(Guidance.NONE, Optional.empty())).isEqualTo(plain);
  }

  private static MemoryNeeds guided(Guidance guidance, Optional<Architecture> weaker) {
    return SamplingMemory.of(LargeNetwork.UNET, weaker, guidance, 4, "--lambdas");
  }

  @Test
  void growsWithTheMicroBatch() {
    MemoryNeeds one = SamplingMemory.of(LargeNetwork.UNET, 1, "--lambdas");
    MemoryNeeds four = SamplingMemory.of(LargeNetwork.UNET, 4, "--lambdas");
    MemoryNeeds seven = SamplingMemory.of(LargeNetwork.UNET, 7, "--lambdas");

    assertThat(four.taskNative()).isGreaterThan(one.taskNative());
    assertThat(seven.taskNative() - four.taskNative())
        .isBetween(
            four.taskNative() - one.taskNative() - 1, four.taskNative() - one.taskNative() + 1);
    assertThat(seven.taskHeap()).isEqualTo(7 * one.taskHeap());
    assertThat(seven.batchKey()).isEqualTo("--lambdas");
  }
}
