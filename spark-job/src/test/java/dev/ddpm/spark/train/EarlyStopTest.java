package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.config.BestBy;
import dev.ddpm.spark.config.ValidationConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class EarlyStopTest {

  @Test
  void stopsAfterSoManyValidationsWithoutANewBest() {
    var rule = new EarlyStop(patience(2, BestBy.LOSS), List.of());

    assertThat(rule.isBest(loss(0.5))).isTrue();
    assertThat(rule.isBest(loss(0.5))).isFalse();
    assertThat(rule.isDue()).isFalse();
    assertThat(rule.isBest(loss(0.4))).isTrue();
    assertThat(rule.isBest(loss(0.6))).isFalse();
    assertThat(rule.isBest(loss(0.6))).isFalse();
    assertThat(rule.isDue()).isTrue();
  }

  @Test
  void withoutPatienceItNeverStops() {
    var rule = new EarlyStop(patience(0, BestBy.LOSS), List.of());
    rule.isBest(loss(1.0));
    rule.isBest(loss(2.0));

    assertThat(rule.isDue()).isFalse();
  }

  @Test
  void aResumedRunStandsWhereTheReportsHaveBroughtIt() {
    var rule = new EarlyStop(patience(2, BestBy.LOSS), List.of(loss(0.5), loss(null), loss(0.6)));

    assertThat(rule.isDue()).isFalse();
    assertThat(rule.isBest(loss(0.55))).isFalse();
    assertThat(rule.isDue()).isTrue();
  }

  @Test
  void goesByTheDistanceOnWish() {
    var rule = new EarlyStop(patience(1, BestBy.FRECHET), List.of(report(0.5, 30.0)));

    assertThat(rule.isBest(report(0.4, null))).isFalse();
    assertThat(rule.isDue()).as("a round without a distance says nothing").isFalse();
    assertThat(rule.isBest(report(0.6, 20.0))).isTrue();
    assertThat(rule.isBest(report(0.3, 25.0))).isFalse();
    assertThat(rule.isDue()).isTrue();
  }

  private static ValidationConfig patience(int patience, BestBy bestBy) {
    return new ValidationConfig(0.5, 1, patience, 0, 1, 8, "pixels", bestBy);
  }

  private static RoundReport loss(Double validationLoss) {
    return report(validationLoss, null);
  }

  private static RoundReport report(Double validationLoss, Double frechet) {
    return new RoundReport(
        1, 9, 1, 1, 1, 1, 1, 0, 1.0, 1e-3, 1, 1, 1, 1, 1, 1, 1, 1, validationLoss, null, frechet);
  }
}
