package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.spark.LocalSpark;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskCardTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final BackendChoice ON_CARDS =
      new BackendChoice(DeviceChoice.CUDA, Precision.FLOAT32);

  @TempDir Path folder;

  @Test
  void nd4jTakesTheAddressAsTheNumberOfTheDevice() {
    assertThat(TaskCard.device("0", 1)).isZero();
    assertThat(TaskCard.device("7", 8)).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"8", "-1", "GPU-c0ffee", ""})
  void anAddressWithoutADeviceOfNd4jIsRefused(String address) {
    assertThatThrownBy(() -> TaskCard.device(address, 8))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith("Spark gave this task the GPU " + address + ": must be a number");
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "0.5, 2", "0.25, 4", "0.3, 3"})
  void aFractionOfAGpuIsOneForSeveralTasks(String amount, int tasks) {
    SparkConf conf = new SparkConf(false).set(GivenGpus.AMOUNT, amount);

    assertThat(GivenGpus.any(conf)).isTrue();
    assertThat(GivenGpus.tasksOfEach(conf)).isEqualTo(tasks);
  }

  @Test
  void nothingHappensOutsideOfTasks() {
    assertThat(GivenGpus.any(new SparkConf(false))).isFalse();
    assertThat(new ExecutorPool<>(() -> "built").<String, RuntimeException>use(built -> built))
        .isEqualTo("built");
  }

  /** Spark's own resources, from a discovery script to the task, on executor processes. */
  @Test
  void aTaskWithAGpuThatIsNotThereSaysSo() throws IOException {
    assumeFalse(ON_CARDS.backend().serves(Precision.FLOAT32), "This machine has a card");
    Map<String, String> settings = new HashMap<>(LocalSpark.executorSettings(""));
    settings.putAll(LocalSpark.gpuSettings(folder, "3"));
    JavaSparkContext context =
        JavaSparkContext.fromSparkContext(
            SPARK.session("local-cluster[1,1,1024]", settings).sparkContext());
    var onCards = context.broadcast(new ExecutorPool<>(() -> "built", ON_CARDS));
    var onCpus = context.broadcast(new ExecutorPool<>(() -> "built"));

    assertThatThrownBy(() -> context.parallelize(List.of(1), 1).map(i -> use(onCards)).collect())
        .hasMessageContaining("There is no NVIDIA driver here");
    assertThat(context.parallelize(List.of(1), 1).map(i -> use(onCpus)).collect())
        .containsExactly("built");
  }

  private static String use(Broadcast<ExecutorPool<String>> pool) {
    return pool.value().<String, RuntimeException>use(built -> built);
  }
}
