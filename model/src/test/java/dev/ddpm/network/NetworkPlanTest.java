package dev.ddpm.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Against counts that an independent implementation made while it ran. */
class NetworkPlanTest {

  @Test
  void countsWhatAnotherImplementationCounted() {
    assertForward(
        0.0261, new LabmlUNet(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1));
    assertForward(
        0.5184,
        new LabmlUNet(1, 32, 32, 32, List.of(1, 2, 2), List.of(false, false, true), 1, 32, 1, 0.1));
    assertForward(
        7.8269,
        new LabmlUNet(
            3, 32, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 1, 0.1));
  }

  private static void assertForward(double gigaflops, LabmlUNet spec) {
    assertThat(spec.plan().forwardFlops() / 1e9).isCloseTo(gigaflops, withPercentage(0.3));
    assertThat(spec.plan().trainingFlops()).isEqualTo(3 * spec.plan().forwardFlops());
  }
}
