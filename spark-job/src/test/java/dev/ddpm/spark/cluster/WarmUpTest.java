package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LocalSpark;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** In the process of an executor, as a JVM warms up only once. */
class WarmUpTest {
  private static final int LONGEST_WAIT_SECONDS = 60;

  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @Test
  void anExecutorWarmsUpUntilATaskNeedsItsCores() {
    Map<String, String> settings = new HashMap<>(LocalSpark.executorSettings(""));
    settings.put("spark.plugins.defaultList", WarmUpPlugin.class.getName());
    JavaSparkContext spark =
        JavaSparkContext.fromSparkContext(
            SPARK.session("local-cluster[1,1,1024]", settings).sparkContext());

    assertThat(inTheExecutor(spark, WarmUpTest::stepsOnceItHasBegun)).isPositive();
    int atTheFirstTask = inTheExecutor(spark, WarmUpTest::stepsOfATaskWithAModel);
    assertThat(inTheExecutor(spark, WarmUpTest::stepsInAWhile))
        .as("all steps, but for the one under way")
        .isBetween(atTheFirstTask, atTheFirstTask + 1);
  }

  @Test
  void thePluginIsPutBehindThoseThatAreThere() {
    assertThat(WarmUp.plugins("")).isEqualTo("dev.ddpm.spark.cluster.WarmUpPlugin");
    assertThat(WarmUp.plugins("org.example.A,org.example.B"))
        .isEqualTo("org.example.A,org.example.B,dev.ddpm.spark.cluster.WarmUpPlugin");
  }

  private interface Steps extends Serializable {
    int count() throws InterruptedException;
  }

  private static int inTheExecutor(JavaSparkContext spark, Steps steps) {
    return spark.parallelize(List.of(0), 1).map(ignored -> steps.count()).first();
  }

  private static int stepsOnceItHasBegun() throws InterruptedException {
    for (int wait = 0; WarmUp.steps() == 0 && wait < 10 * LONGEST_WAIT_SECONDS; wait++) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
    return WarmUp.steps();
  }

  private static int stepsOfATaskWithAModel() {
    return new ExecutorPool<>(() -> "model").use(model -> WarmUp.steps());
  }

  /** Time enough for hundreds of steps. */
  private static int stepsInAWhile() throws InterruptedException {
    TimeUnit.SECONDS.sleep(3);
    return WarmUp.steps();
  }
}
