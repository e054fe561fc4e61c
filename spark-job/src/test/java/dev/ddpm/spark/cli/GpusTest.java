package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.CudaBackend;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.cluster.GivenGpus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Commands that Spark gives GPUs, as {@code --gpus} of the scripts asks it to. */
class GpusTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** As spark-submit does with settings. */
  @BeforeEach
  void submit() {
    assumeTrue(CudaBackend.isIncluded(), "This build has ND4J's own natives for GPUs");
    System.setProperty(GivenGpus.AMOUNT, "1");
  }

  @AfterEach
  void clear() {
    System.clearProperty(GivenGpus.AMOUNT);
  }

  private int run(String... arguments) {
    return Ddpm.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  @Test
  void networksAreComputedOnThemUnlessTheConfigurationSaysOtherwise() {
    assertThat(run("config")).isZero();
    assertThat(out.toString()).containsPattern("backend.device = cuda +# Spark's settings");

    assertThat(run("config", "--set", "backend.device=auto")).isZero();
    assertThat(out.toString()).containsPattern("backend.device = auto +# --set");

    clear();
    assertThat(run("config")).isZero();
    assertThat(out.toString()).containsPattern("backend.device = cpu +# default");
  }

  @Test
  void theCpuIsAContradiction() throws IOException {
    Path file = Files.writeString(folder.resolve("cpu.conf"), "backend.device = cpu\n");

    assertThat(run("config", "--config", file.toString())).isEqualTo(2);
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .contains(
            "backend.device = cpu (" + file + ":1): contradicts spark.task.resource.gpu.amount",
            "--gpus");

    assertThat(run("config", "--config", file.toString(), "--set", "backend.device=cuda")).isZero();
  }

  /** From the discovery script to the line that a user reads; and the same in local mode. */
  @Test
  void aMachineWithoutADriverIsOneLineAndTheMachinesExitCode() throws IOException {
    assumeFalse(
        new BackendChoice(DeviceChoice.CUDA, Precision.FLOAT32).backend().serves(Precision.FLOAT32),
        "This machine has a card");
    String table = folder.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    Map<String, String> settings = new HashMap<>(LocalSpark.executorSettings(""));
    settings.putAll(LocalSpark.gpuSettings(folder, "3"));
    SPARK.session("local-cluster[1,1,1024]", settings);

    assertThat(train(table)).isEqualTo(4);

    assertNoDriver();

    clear();
    SPARK.session();
    err.getBuffer().setLength(0);

    assertThat(train(table, "--set", "backend.device=cuda")).isEqualTo(4);

    assertNoDriver();
  }

  private int train(String table, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--data", table, "--run", folder.resolve("run").toString()));
    arguments.addAll(TinyExperiment.options());
    arguments.addAll(List.of(more));
    return run(arguments.toArray(String[]::new));
  }

  private void assertNoDriver() {
    assertThat(err.toString().lines().filter(line -> line.startsWith("error: ")))
        .singleElement()
        .asString()
        .contains("There is no NVIDIA driver here (libcuda.so.1)", "backend.device = cpu.");
    assertThat(folder.resolve("run")).doesNotExist();
  }
}
