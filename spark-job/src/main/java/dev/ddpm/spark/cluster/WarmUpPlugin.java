package dev.ddpm.spark.cluster;

import java.util.Map;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;

/**
 * Has every executor {@linkplain WarmUp warm up} as it starts. Spark makes it by its name, of which
 * {@link WarmUp#session} tells it.
 */
public final class WarmUpPlugin implements SparkPlugin {

  /** Nothing: a driver beside executors computes little. */
  @Override
  public DriverPlugin driverPlugin() {
    return null;
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void init(PluginContext context, Map<String, String> fromDriver) {
        WarmUp.begin();
      }
    };
  }
}
