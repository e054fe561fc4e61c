package dev.ddpm.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.cuda.driver.NvidiaCards;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is packed for a machine with a card runs where nothing else is, and says that no card is.
 */
class GpuBundleTest {
  private static final long MOST_BYTES = 40L << 20;

  @TempDir Path folder;

  private record Ended(int status, String output) {}

  private static Ended run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), output);
  }

  /** With the tools of the Java that runs this test. */
  private static Map<String, String> pathOf(Path tools) {
    return Map.of("PATH", tools + ":" + System.getenv("PATH"));
  }

  @Test
  void saysThatThereIsNoCard() throws Exception {
    Path tools = Path.of(System.getProperty("java.home"), "bin");
    assumeTrue(Files.isExecutable(tools.resolve("jlink")), "this Java has no jlink");
    assumeTrue(
        System.getProperty("os.arch").equals("amd64"), "CUDA is bound on Linux on x86-64 alone");
    assumeFalse(new NvidiaCards().hasDriver(), "this machine has a driver of NVIDIA's");
    Path bundle = folder.resolve("bundle");
    Ended packed =
        run(
            pathOf(tools),
            "bash",
            "../gpu/check.sh",
            "--class-path",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            bundle.toString());
    assertThat(packed.status()).as(packed.output()).isZero();
    assertThat(bytes(bundle)).isBetween(MOST_BYTES / 2, MOST_BYTES);

    Path out = folder.resolve("out");
    Ended checked = run(Map.of("OUT", out.toString()), "bash", bundle.resolve("run.sh").toString());

    assertThat(checked.output())
        .contains("error: no card: this machine has no driver of NVIDIA's (libcuda.so.1)");
    assertThat(checked.status()).isEqualTo(3);
    JsonNode json = new ObjectMapper().readTree(out.resolve("check.json").toFile());
    assertThat(json.at("/checks/0/failure").asText()).isEqualTo("no card");
    assertThat(out.resolve("check.md")).content().contains("| FAILED |");

    // with every other class that the steps need, as far as one gets without a card
    Path found = folder.resolve("found.json");
    for (Step step : Step.values()) {
      Ended one =
          run(
              Map.of(),
              "bash",
              "-c",
              "cd \"$0\" && exec jre/bin/java -cp 'lib/*:.' dev.ddpm.bench.gpu.GpuStep \"$@\"",
              bundle.toString(),
              found.toString(),
              "cpu-results.bin",
              step.name());
      assertThat(one.status()).as(one.output()).isZero();
      Results results = new ObjectMapper().readValue(found.toFile(), Results.class);
      assertThat(results.checks())
          .isNotEmpty()
          .allSatisfy(check -> assertThat(check.failure()).contains("There is no NVIDIA driver"));
    }
  }

  private static long bytes(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(folder)) {
      walk.filter(Files::isRegularFile).forEach(files::add);
    }
    long bytes = 0;
    for (Path file : files) {
      bytes += Files.size(file);
    }
    return bytes;
  }
}
