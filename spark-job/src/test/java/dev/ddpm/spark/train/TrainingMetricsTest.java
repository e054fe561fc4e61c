package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.Gauge;
import dev.ddpm.spark.LocalSpark;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.source.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import scala.collection.JavaConverters;

class TrainingMetricsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @Test
  void sparkShowsTheLastRound() {
    try (TrainingMetrics metrics = TrainingMetrics.register()) {
      metrics.show(
          new RoundReport(
              3, 9, 1, 1, 12, 99, 40, 0, 0.25, 1e-3, 55, 1, 1, 1, 1, 1, 1, 1, null, null, null));

      assertThat(value("loss")).isEqualTo(0.25);
      assertThat(value("imagesPerSecond")).isEqualTo(55.0);
      assertThat(value("round")).isEqualTo(3L);
    }
    assertThat(sources()).isZero();
  }

  @Test
  void aRoundThatWasNotAppliedHasNoLoss() {
    try (TrainingMetrics metrics = TrainingMetrics.register()) {
      metrics.show(
          new RoundReport(
              3, 9, 1, 1, 12, 99, 0, 40, null, 1e-3, 0, 1, 1, 1, 1, 1, 1, 1, null, null, null));

      assertThat(value("loss")).isEqualTo(Double.NaN);
      assertThat(value("skippedImages")).isEqualTo(40L);
    }
  }

  private static int sources() {
    return SparkEnv.get().metricsSystem().getSourcesByName("ddpm").size();
  }

  private static Object value(String gauge) {
    Source source =
        JavaConverters.seqAsJavaListConverter(
                SparkEnv.get().metricsSystem().getSourcesByName("ddpm"))
            .asJava()
            .get(0);
    return ((Gauge<?>) source.metricRegistry().getGauges().get(gauge)).getValue();
  }
}
