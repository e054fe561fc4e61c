package dev.ddpm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Starts the processes that are timed. */
final class Processes {
  private static final List<String> JVM =
      List.of(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "-Xmx2g",
          "--add-modules=jdk.incubator.vector",
          "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
          "-Dorg.bytedeco.javacpp.maxbytes=0");

  private final ObjectMapper json = new ObjectMapper();
  private final List<String> jobOptions;

  /**
   * Starts nothing yet.
   *
   * @param jobOptions options of the JVMs that the jobs' scripts add for speed
   */
  Processes(List<String> jobOptions) {
    this.jobOptions = List.copyOf(jobOptions);
  }

  /** As an executor runs it from its start on: every worker one thread. */
  ColdMeasurement cold(Network network, Work work, int workers, double seconds)
      throws IOException, InterruptedException {
    List<String> lines =
        run(
            1,
            Map.of("MALLOC_ARENA_MAX", "1"),
            jobOptions,
            System.getProperty("java.class.path"),
            "dev.ddpm.bench.ColdSteps",
            network.name(),
            work.name(),
            String.valueOf(workers),
            String.valueOf(seconds));
    return json.readValue(lines.get(lines.size() - 1), ColdMeasurement.class);
  }

  /** As an executor runs it: every worker one thread. */
  Measurement steps(Network network, Work work, Precision precision, int workers, double seconds)
      throws IOException, InterruptedException {
    return measurement(
        run(
            1,
            Map.of("MALLOC_ARENA_MAX", "1"),
            jobOptions,
            System.getProperty("java.class.path"),
            "dev.ddpm.bench.Steps",
            network.name(),
            work.name(),
            precision.name(),
            String.valueOf(workers),
            String.valueOf(seconds)));
  }

  Measurement peer(
      String classPath,
      PeerVariant variant,
      Network network,
      Work work,
      int threads,
      double seconds)
      throws IOException, InterruptedException {
    return measurement(
        run(
            threads,
            variant.environment(),
            List.of(),
            classPath,
            "dev.ddpm.peer.TorchSteps",
            network.name(),
            work.name(),
            String.valueOf(threads),
            String.valueOf(seconds),
            variant.format()));
  }

  /** What the peer's network predicts and learns: see there for the files. */
  void golden(String classPath, Path in, Path out) throws IOException, InterruptedException {
    run(
        1,
        Map.of(),
        List.of(),
        classPath,
        "dev.ddpm.peer.TorchGolden",
        in.toString(),
        out.toString());
  }

  double products(int workers, double seconds) throws IOException, InterruptedException {
    List<String> lines =
        run(
            1,
            Map.of(),
            jobOptions,
            System.getProperty("java.class.path"),
            "dev.ddpm.bench.Products",
            String.valueOf(workers),
            String.format(Locale.ROOT, "%.1f", Math.min(seconds, 5)));
    return Double.parseDouble(lines.get(lines.size() - 1));
  }

  List<String> blocks(Network network, double seconds) throws IOException, InterruptedException {
    List<String> lines =
        run(
            1,
            Map.of("MALLOC_ARENA_MAX", "1"),
            jobOptions,
            System.getProperty("java.class.path"),
            "dev.ddpm.bench.Blocks",
            network.name(),
            String.valueOf(seconds));
    return lines.stream()
        .filter(line -> line.startsWith("|") || line.startsWith(network.name()))
        .toList();
  }

  private Measurement measurement(List<String> lines) throws IOException {
    return json.readValue(lines.get(lines.size() - 1), Measurement.class);
  }

  private static List<String> run(
      int threads,
      Map<String, String> environment,
      List<String> options,
      String classPath,
      String... command)
      throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(JVM);
    line.addAll(options);
    line.add("-cp");
    line.add(classPath);
    line.addAll(List.of(command));
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().putAll(environment);
    builder.environment().put("OMP_NUM_THREADS", String.valueOf(threads));
    builder.environment().put("OPENBLAS_NUM_THREADS", String.valueOf(threads));
    // else OpenBLAS's threads spin while those of libtorch work
    builder.environment().put("OPENBLAS_THREAD_TIMEOUT", "4");
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int exit = process.waitFor();
    if (exit != 0) {
      throw new IllegalStateException(
          "%s ended with exit code %d: %s".formatted(String.join(" ", command), exit, output));
    }
    return output.lines().toList();
  }
}
