package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The same networks in PyTorch: a script that prints a line of JSON per figure. */
final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CHECK_SECONDS = 40;
  private static final int BENCH_SECONDS = 60;

  /** Of its difference from the golden vectors. */
  private static final double LIMIT = 1e-3;

  private final Path script;
  private final StepProcesses processes;
  private final Path folder;
  private final Results results;

  /**
   * Starts nothing yet.
   *
   * @param folder for what it prints
   * @param results receives what it measures
   */
  Peer(Path script, StepProcesses processes, Path folder, Results results) {
    this.script = script;
    this.processes = processes;
    this.folder = folder;
    this.results = results;
  }

  /** Compares it with golden vectors: a faster step of another network would prove nothing. */
  void check(Path golden) throws IOException, InterruptedException {
    Path output = folder.resolve("peer-check.txt");
    // cuBLAS and cuDNN multiply in TF32 otherwise
    List<String> command =
        List.of(
            "env",
            "NVIDIA_TF32_OVERRIDE=0",
            "python3",
            script.toString(),
            "--check",
            golden.toString());
    Optional<String> failure = processes.run(command, CHECK_SECONDS, output);
    if (failure.isPresent()) {
      results.checks().add(Check.failed("PEER", "golden vectors", "float32", failure.get()));
      return;
    }
    JsonNode line = JSON.readTree(Files.readString(output));
    double error =
        Math.max(
            Math.max(line.path("eps").asDouble(Double.NaN), line.path("loss").asDouble(Double.NaN)),
            line.path("gradient").asDouble(Double.NaN));
    results.checks().add(new Check("PEER", "golden vectors", "float32", error, LIMIT, null));
  }

  /**
   * Times a network.
   *
   * @param mode eager or compiled
   * @param seconds of training and of sampling in each precision
   */
  void bench(Benchmarked network, String mode, double seconds)
      throws IOException, InterruptedException {
    Path output = folder.resolve("peer-%s-%s.txt".formatted(network, mode));
    Optional<String> failure =
        processes.run(
            List.of(
                "python3",
                script.toString(),
                "--bench",
                network.name(),
                "--batch",
                String.valueOf(network.batch()),
                "--modes",
                mode,
                "--seconds",
                String.valueOf(seconds)),
            BENCH_SECONDS,
            output);
    // it may have printed some figures before it failed
    if (Files.exists(output)) {
      for (String line : Files.readAllLines(output)) {
        take(line, mode);
      }
    }
    failure.ifPresent(
        why -> results.leftOut().add("PyTorch, %s, %s: %s".formatted(mode, network, why)));
  }

  private void take(String text, String mode) throws IOException {
    if (!text.startsWith("{")) {
      return;
    }
    JsonNode line = JSON.readTree(text);
    if (line.has("train_images_s")) {
      results
          .speeds()
          .add(
              new Speed(
                  "PyTorch, " + mode,
                  line.get("network").asText(),
                  line.get("batch").asInt(),
                  line.get("precision").asText(),
                  line.get("train_images_s").asDouble(),
                  line.get("sample_images_s").asDouble()));
    } else if (line.has("failed")) {
      results.leftOut().add("PyTorch, " + text);
    }
  }
}
