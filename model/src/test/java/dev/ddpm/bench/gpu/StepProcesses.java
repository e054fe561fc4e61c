package dev.ddpm.bench.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Starts processes and ends those that take too long, or longer than there is time at all. */
final class StepProcesses {
  private final long end;

  /**
   * Starts nothing yet.
   *
   * @param seconds for all processes together
   */
  StepProcesses(double seconds) {
    this.end = System.nanoTime() + (long) (seconds * 1e9);
  }

  /** Seconds that are left for all. */
  double left() {
    return (end - System.nanoTime()) / 1e9;
  }

  /**
   * A command that runs a class of this program with this process's own Java and class path.
   *
   * @param kernels a folder in which one process keeps compiled kernels for the next
   */
  static List<String> java(Path kernels, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx4g", "-Dddpm.cuda.kernels=" + kernels));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * Runs a command. Its errors go where those of this process go.
   *
   * @param seconds how long it may take
   * @param output takes what it prints
   * @return what went wrong; empty if it has ended well
   */
  Optional<String> run(List<String> command, int seconds, Path output)
      throws IOException, InterruptedException {
    double allowed = Math.min(seconds, left());
    if (allowed < 1) {
      return Optional.of("no time was left for it");
    }
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(output.toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return Optional.of(e.getMessage());
    }
    if (!process.waitFor((long) (allowed * 1000), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly().waitFor();
      return Optional.of("not done after %.0f seconds".formatted(allowed));
    }
    if (process.exitValue() != 0) {
      return Optional.of("exit status %d: %s".formatted(process.exitValue(), lastLine(output)));
    }
    return Optional.empty();
  }

  private static String lastLine(Path output) throws IOException {
    List<String> lines = Files.readAllLines(output);
    return lines.isEmpty() ? "its errors stand above" : lines.get(lines.size() - 1);
  }
}
