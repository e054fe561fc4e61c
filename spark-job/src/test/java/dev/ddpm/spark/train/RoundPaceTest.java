package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RoundPaceTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void theFirstRoundCountsUntilThereAreOthers() {
    RoundPace pace = new RoundPace(5 * SECOND);

    assertThat(pace.add(13 * SECOND)).isEqualTo(8);
    assertThat(pace.add(15 * SECOND)).isEqualTo(2);
    assertThat(pace.add(19 * SECOND)).isEqualTo(3);
  }
}
