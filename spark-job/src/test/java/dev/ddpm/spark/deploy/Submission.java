package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * A script of {@code submit-scripts} as a user runs it: a process with the real job jar and the
 * embedded Spark, which ends with everything it has started.
 */
final class Submission implements AutoCloseable {
  static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  /** Far above the half minute that an application takes: reached only by one that hangs. */
  private static final Duration LIMIT = Duration.ofMinutes(6);

  private final Process process;
  private final Path log;

  private Submission(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts a script.
   *
   * @param log receives standard output and error
   * @param script its name, such as yarn.sh
   */
  static Submission start(
      Path log, Map<String, String> environment, String script, List<String> words)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(PROJECT.resolve("submit-scripts").resolve(script).toString());
    command.addAll(words);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("SPARK_HOME", "");
    builder.environment().putAll(environment);
    return new Submission(builder.start(), log);
  }

  /** Waits for the end and returns the exit code. */
  int exitCode() throws InterruptedException, IOException {
    assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .as("ends within %s; output:%n%s", LIMIT, output())
        .isTrue();
    return process.exitValue();
  }

  /** Waits for the end and demands success. */
  void succeeds() throws InterruptedException, IOException {
    int code = exitCode();
    assertThat(code).as(output()).isZero();
  }

  /** Waits until something is so while the script runs; fails if the script ends before. */
  void until(String what, Callable<Boolean> condition) throws IOException {
    boolean so =
        await(what)
            .atMost(LIMIT)
            .pollInterval(Duration.ofMillis(50))
            .until(
                () -> condition.call() ? Boolean.TRUE : process.isAlive() ? null : Boolean.FALSE,
                Objects::nonNull);
    assertThat(so).as("%s, before the end; output:%n%s", what, output()).isTrue();
  }

  /** What it has printed so far. */
  String output() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
