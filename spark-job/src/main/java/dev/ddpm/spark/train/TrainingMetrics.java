package dev.ddpm.spark.train;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.util.function.Function;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.source.Source;

/**
 * The last round as gauges of Spark's metrics system, where whatever sink is configured (JMX,
 * Prometheus, CSV, …) finds them as {@code <application>.driver.ddpm.loss} and so on.
 */
final class TrainingMetrics implements Source, AutoCloseable {
  private final MetricRegistry registry = new MetricRegistry();
  private volatile RoundReport last;

  private TrainingMetrics() {
    gauge("round", RoundReport::round);
    gauge("rounds", RoundReport::rounds);
    gauge("step", RoundReport::step);
    gauge("images", RoundReport::images);
    gauge("skippedImages", RoundReport::skipped);
    gauge("loss", report -> report.loss() == null ? Double.NaN : report.loss());
    gauge("learningRate", RoundReport::learningRate);
    gauge("imagesPerSecond", RoundReport::imagesPerSecond);
    gauge("computeSeconds", RoundReport::computeSeconds);
    gauge("transferSeconds", RoundReport::transferSeconds);
    gauge("driverSeconds", RoundReport::driverSeconds);
  }

  /** Adds the gauges to the running application, until closed. */
  static TrainingMetrics register() {
    var metrics = new TrainingMetrics();
    SparkEnv.get().metricsSystem().registerSource(metrics);
    return metrics;
  }

  private void gauge(String name, Function<RoundReport, Number> value) {
    Gauge<Number> gauge = () -> last == null ? 0 : value.apply(last);
    registry.register(name, gauge);
  }

  /** Shows a round. */
  void show(RoundReport report) {
    last = report;
  }

  @Override
  public String sourceName() {
    return "ddpm";
  }

  @Override
  public MetricRegistry metricRegistry() {
    return registry;
  }

  @Override
  public void close() {
    SparkEnv.get().metricsSystem().removeSource(this);
  }
}
