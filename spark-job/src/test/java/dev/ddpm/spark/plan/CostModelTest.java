package dev.ddpm.spark.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.ddpm.unet.UNetSpec;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CostModelTest {
  private static final double GIGABIT = 1e9 / 8;
  private static final CostModel MODEL = new CostModel(MeasuredCosts.REFERENCE);
  private static final Workload MNIST =
      Workload.of(
          new UNetSpec(1, 32, 32, 32, List.of(1, 2, 2), List.of(false, false, true), 1, 32, 1, 0.1),
          2,
          32,
          16);

  private static ClusterShape machines(int count) {
    return new ClusterShape(count, 1, 1, 10 * GIGABIT);
  }

  @Test
  void theWorkloadIsThatOfTheMeasuredModel() {
    assertThat(MNIST.parameters()).isEqualTo(2_226_817);
    assertThat(MNIST.stateBytes()).isEqualTo(12 * 2_226_817L);
  }

  /**
   * What was measured where two executors share a machine, in the mean of rounds 29 to 36: 5.22 s
   * of compute, 0.16 s of broadcast, 0.41 s to average, 0.01 s on the driver. There is no network
   * in between.
   */
  @Test
  void givesBackTheMeasuredRound() {
    RoundCost cost = MODEL.round(MNIST, new ClusterShape(2, 1, 1, Double.MAX_VALUE));

    assertThat(cost.compute()).isCloseTo(5.22, withPercentage(5));
    assertThat(cost.broadcast()).isCloseTo(0.16, within(0.02));
    assertThat(cost.average()).isCloseTo(0.41, within(0.15));
    assertThat(cost.driver()).isCloseTo(0.01, within(0.005));
  }

  /**
   * The same with six times the state, 4 steps a round, in the mean of rounds 7 to 12: 7.66 s of
   * compute, 1.19 s of broadcast, 3.12 s to average, 0.05 s on the driver.
   */
  @Test
  void holdsForALargerModel() {
    UNetSpec unet =
        new UNetSpec(1, 32, 32, 64, List.of(1, 2, 2), List.of(false, false, true), 2, 32, 1, 0.1);
    Workload work = Workload.of(unet, 2, 32, 4);
    RoundCost cost = MODEL.round(work, new ClusterShape(2, 1, 1, Double.MAX_VALUE));

    assertThat(work.parameters()).isEqualTo(13_692_609);
    assertThat(cost.compute()).isCloseTo(7.66, withPercentage(15));
    assertThat(cost.broadcast()).isCloseTo(1.19, withPercentage(15));
    assertThat(cost.average()).isCloseTo(3.12, withPercentage(5));
    assertThat(cost.driver()).isCloseTo(0.05, within(0.03));
  }

  @Test
  void overheadFallsWithTheLengthOfARound() {
    Workload longer =
        new Workload(MNIST.parameters(), MNIST.stateBytes(), MNIST.imageFlops(), 32, 64);

    assertThat(MODEL.round(longer, machines(8)).overheadShare())
        .isCloseTo(MODEL.round(MNIST, machines(8)).overheadShare() / 4, within(1e-9));
  }

  @Test
  void addingUpDoesNotGrowWhileThereAreReducersForAllWorkers() {
    Workload large = MNIST.scaledTo(100_000_000);

    assertThat(MODEL.round(large, machines(256)).average())
        .isCloseTo(MODEL.round(large, machines(8)).average(), withPercentage(0.1));
    // 27 MB are 7 blocks: from the eighth worker on, reducers have more to add.
    assertThat(MODEL.round(MNIST, machines(256)).average())
        .isGreaterThan(5 * MODEL.round(MNIST, machines(7)).average());
  }

  @Test
  void speedGrowsWithEveryDoublingUpTo512AtScaleOfTheModel() {
    Workload large = MNIST.scaledTo(200_000_000);
    double[] speeds =
        IntStream.of(8, 16, 32, 64, 128, 256, 512)
            .mapToDouble(count -> MODEL.imagesPerSecond(large, machines(count)))
            .toArray();

    for (int i = 1; i < speeds.length; i++) {
      assertThat(speeds[i] / speeds[i - 1]).isBetween(1.5, 2.0);
    }
  }

  @Test
  void workersBeyondTheSlotsTakeTurns() {
    RoundCost once = MODEL.round(MNIST, machines(4), 4);
    RoundCost twice = MODEL.round(MNIST, machines(4), 8);

    assertThat(twice.compute()).isEqualTo(2 * once.compute());
    assertThat(twice.broadcast()).isEqualTo(once.broadcast());
  }
}
