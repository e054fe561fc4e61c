package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class EarlyStopTest {

  @Test
  void stopsAfterSoManyValidationsWithoutANewBest() {
    var rule = new EarlyStop(2, List.of());

    assertThat(rule.isBest(0.5)).isTrue();
    assertThat(rule.isBest(0.5)).isFalse();
    assertThat(rule.isDue()).isFalse();
    assertThat(rule.isBest(0.4)).isTrue();
    assertThat(rule.isBest(0.6)).isFalse();
    assertThat(rule.isBest(0.6)).isFalse();
    assertThat(rule.isDue()).isTrue();
  }

  @Test
  void withoutPatienceItNeverStops() {
    var rule = new EarlyStop(0, List.of());
    rule.isBest(1);
    rule.isBest(2);

    assertThat(rule.isDue()).isFalse();
  }

  @Test
  void aResumedRunStandsWhereTheReportsHaveBroughtIt() {
    var rule = new EarlyStop(2, List.of(report(1, 0.5), report(2, null), report(3, 0.6)));

    assertThat(rule.isDue()).isFalse();
    assertThat(rule.isBest(0.55)).isFalse();
    assertThat(rule.isDue()).isTrue();
  }

  private static RoundReport report(long round, Double validationLoss) {
    return new RoundReport(
        round,
        9,
        1,
        1,
        round,
        round,
        1,
        0,
        1.0,
        1e-3,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        validationLoss,
        null);
  }
}
