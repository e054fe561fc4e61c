package dev.ddpm.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
  private static final Check GOOD = Check.of("LAYERS", "good", Precision.FLOAT32, 1e-5, 1e-4);
  private static final Check FAR = Check.of("LAYERS", "far", Precision.TF32, 1e-2, 2e-3);
  private static final Check NO_NUMBER =
      Check.of("LAYERS", "none", Precision.TF32, Double.NaN, 2e-3);

  @TempDir Path folder;

  private static Results of(Check... checks) {
    return new Results(List.of("a card"), List.of(checks), List.of(), List.of());
  }

  @Test
  void passesOnlyIfAllIsAsAskedFor() {
    assertThat(of(GOOD).passed()).isTrue();
    assertThat(of(GOOD, FAR).passed()).isFalse();
    assertThat(of(NO_NUMBER).passed()).isFalse();
    assertThat(of(Check.failed("LAYERS", "it", "tf32", "broken")).passed()).isFalse();
    assertThat(of().passed()).isFalse();
  }

  @Test
  void comesBackFromJson() throws Exception {
    Results results = of(GOOD, FAR, NO_NUMBER, Check.failed("LAYERS", "it", "tf32", "broken"));
    results.speeds().add(new Speed(Speed.PROJECT, "TINY", 256, "tf32", 1, 2));
    ObjectMapper json = new ObjectMapper();
    Results back = json.readValue(json.writeValueAsString(results), Results.class);
    assertThat(back).isEqualTo(results);
  }

  @Test
  void tellsErrorsByTheirCauses() {
    Results results = new Results();
    new Attempts("PIECES", results)
        .relative(
            "a product",
            Precision.BFLOAT16,
            () -> {
              throw new IllegalStateException("outer", new IllegalArgumentException("inner"));
            });
    assertThat(results.checks().get(0).failure())
        .contains("outer", "because of", "IllegalArgumentException: inner");
    assertThat(Report.markdown(results)).contains("| pieces | a product | bfloat16 |", "FAILED");
  }

  /** By the property that {@code KernelFolderTest} is about. */
  @Test
  void processesAreToldWhereCompiledKernelsAre() {
    assertThat(StepProcesses.java(folder, GpuStep.class, "found.json"))
        .containsSubsequence(
            "-Dddpm.cuda.kernels=" + folder, GpuStep.class.getName(), "found.json");
  }

  @Test
  void endsWhatTakesTooLong() throws Exception {
    StepProcesses processes = new StepProcesses(60);
    Path output = folder.resolve("out.txt");
    assertThat(processes.run(List.of("sleep", "50"), 1, output))
        .hasValue("not done after 1 seconds");
    assertThat(processes.run(List.of("sh", "-c", "echo why; exit 7"), 10, output))
        .hasValue("exit status 7: why");
    assertThat(processes.run(List.of("true"), 10, output)).isEqualTo(Optional.empty());
    assertThat(new StepProcesses(0).run(List.of("true"), 10, output))
        .hasValue("no time was left for it");
  }
}
