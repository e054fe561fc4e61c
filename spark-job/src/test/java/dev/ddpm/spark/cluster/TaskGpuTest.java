package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaskGpuTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  @Test
  void theAddressIsTheNumberOfTheDevice() {
    assertThat(TaskGpu.device("0", 1)).isZero();
    assertThat(TaskGpu.device("7", 8)).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"8", "-1", "GPU-c0ffee", ""})
  void anAddressWithoutADeviceIsRefused(String address) {
    assertThatThrownBy(() -> TaskGpu.device(address, 8))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith("Spark gave this task the GPU " + address + ": must be a number");
  }

  @Test
  void nothingHappensOutsideOfTasks() {
    assertThat(new ExecutorPool<>(() -> "built").<String, RuntimeException>use(built -> built))
        .isEqualTo("built");
  }

  /** Spark's own resources, from a discovery script to the task, on executor processes. */
  @Test
  void aTaskWithAGpuDoesNotComputeOnTheCpu() throws IOException {
    Path script =
        Files.writeString(
            folder.resolve("discover"),
            "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"3\"]}'\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    Map<String, String> settings = new HashMap<>(LocalSpark.executorSettings(""));
    settings.put("spark.worker.resource.gpu.amount", "1");
    settings.put("spark.worker.resource.gpu.discoveryScript", script.toString());
    settings.put("spark.executor.resource.gpu.amount", "1");
    settings.put("spark.task.resource.gpu.amount", "1");
    var context =
        JavaSparkContext.fromSparkContext(
            SPARK.session("local-cluster[1,1,1024]", settings).sparkContext());
    var pool = context.broadcast(new ExecutorPool<>(() -> "built"));

    assertThatThrownBy(
            () ->
                context
                    .parallelize(List.of(1), 1)
                    .map(i -> pool.value().<String, RuntimeException>use(built -> built))
                    .collect())
        .hasMessageContaining("Spark gave this task the GPU 3, but ND4J computes on the CPU");
  }
}
