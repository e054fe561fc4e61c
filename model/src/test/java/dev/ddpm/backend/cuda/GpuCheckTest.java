package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.bench.gpu.CardUnderTest;
import dev.ddpm.bench.gpu.Check;
import dev.ddpm.bench.gpu.ReducedCheck;
import dev.ddpm.bench.gpu.Results;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is to check cards, on one that is emulated. */
class GpuCheckTest {
  private static final CardUnderTest EMULATED =
      new CardUnderTest(
          EmulatedDevice::new, precision -> new CudaEngine(new EmulatedDevice(), precision));

  @TempDir Path folder;

  @Test
  void findsNoFaultInTheEmulatedCard() throws Exception {
    Results results = ReducedCheck.run(EMULATED, folder);

    assertThat(results.checks()).allMatch(Check::passed);
    assertThat(results.checks().stream().map(Check::step).distinct())
        .containsExactly(
            "DEVICE", "PIECES", "LAYERS", "NETWORKS", "AGREEMENT", "DETERMINISM", "LEARNING");
    assertThat(results.machine()).containsExactly("a card that is emulated");
    assertThat(results.passed()).isTrue();
  }
}
