package dev.ddpm.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.network.block.TimeEncoding;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetworkMemoryTest {
  private static final LabmlUNet SPEC =
      new LabmlUNet(1, 32, 32, 32, List.of(1, 2, 2), List.of(false, false, true), 1, 32, 1, 0.1);

  @Test
  void growsWithEveryBatchSizeThatOccurs() {
    NetworkMemory memory = NetworkMemory.of(SPEC);
    long none = memory.replicaBytes(2, List.of());
    long eight = memory.replicaBytes(2, List.of(8));

    assertThat(memory.parameters()).isEqualTo(ParameterLayout.of(SPEC).size());
    assertThat(none).isBetween(16 * memory.parameters(), 20 * memory.parameters());
    assertThat(memory.replicaBytes(0, List.of())).isBetween(none / 2 - 1, none / 2 + 1);
    assertThat(memory.replicaBytes(2, List.of(8, 4)) - eight)
        .isBetween((eight - none) / 2 - 1, (eight - none) / 2 + 1);
  }

  /** Gradients of parts are added up in an array of their own. */
  @Test
  void partsTakeTheMemoryOfOneOfThemAndOfAnotherGradient() {
    NetworkMemory memory = NetworkMemory.of(SPEC);
    MemorySaving eighths = MemorySaving.inParts(128, 8, false);

    assertThat(memory.replicaBytes(2, List.of(128), eighths))
        .isCloseTo(memory.replicaBytes(3, List.of(16)), within(1L));
    assertThat(memory.replicaBytes(2, List.of(16), eighths))
        .isEqualTo(memory.replicaBytes(2, List.of(16)));
    assertThat(memory.replicaBytes(2, List.of(), eighths))
        .isEqualTo(memory.replicaBytes(2, List.of()));
  }

  /** What every block keeps to itself is its result and the gradient of its input. */
  @Test
  void recomputingTakesAboutTwoThirdsOfTheMemoryOfAnImage() {
    NetworkMemory memory = NetworkMemory.of(SPEC);
    long weights = memory.replicaBytes(2, List.of());
    long keeping = memory.replicaBytes(2, List.of(64)) - weights;
    long recomputing = memory.replicaBytes(2, List.of(64), new MemorySaving(64, true)) - weights;

    assertThat((double) recomputing / keeping).isBetween(0.6, 0.75);
  }

  /** A sum that has become negative would pass for little. */
  @Test
  void isNeverTooMuchToCount() {
    var attentive = new LabmlUNet(1, 512, 512, 1024, List.of(1), List.of(true), 10, 8, 1024, 0);

    assertThat(NetworkMemory.of(attentive).inferenceBytes(1_000_000)).isEqualTo(1L << 52);
    assertThat(NetworkMemory.of(attentive).replicaBytes(2, List.of(1_000_000))).isEqualTo(1L << 52);
    assertThat(NetworkMemory.of(attentive).activationBytes()).isPositive();
    assertThat(attentive.plan().trainingFlops()).isPositive();
  }

  /** Known of labml's model: a step of batch 16 takes about 3.5 GB. */
  @Test
  void isAboutWhatTheReferenceModelTakes() {
    var labml =
        new LabmlUNet(
            3, 32, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 1, 0.1);

    assertThat(NetworkMemory.of(labml).replicaBytes(2, List.of(16)))
        .isBetween(3_500_000_000L, 4_500_000_000L);
  }

  /**
   * Measured of the paper's model on a CPU with AVX-512, with batches of 16: a second replica makes
   * a process 1.94 GB larger in training and 1.05 GB in sampling, some of it Java's heap.
   */
  @Test
  void isAboutWhatThePapersModelTakes() {
    var ho =
        new Unet2d(
            3,
            32,
            32,
            List.of(128, 256, 256, 256),
            List.of(false, true, false, false),
            2,
            32,
            1e-6,
            0,
            Unet2d.Middle.PLAIN,
            TimeEncoding.SINES_FIRST,
            0,
            false,
            0.1,
            0,
            false);
    NetworkMemory memory = NetworkMemory.of(ho);

    assertThat(memory.replicaBytes(2, List.of(16))).isBetween(1_750_000_000L, 2_100_000_000L);
    assertThat(memory.inferenceBytes(16)).isBetween(980_000_000L, 1_150_000_000L);
  }
}
