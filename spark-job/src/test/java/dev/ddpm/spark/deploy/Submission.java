package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A script of {@code submit-scripts} as a user runs it: a process with the real job jar and the
 * embedded Spark, which ends with everything it has started.
 */
final class Submission implements AutoCloseable {
  static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  /** Far above the half minute that an application takes: reached only by one that hangs. */
  private static final Duration LIMIT = Duration.ofMinutes(6);

  /** A JVM writes them at its own time, into its standard output. */
  private static final Duration STACKS = Duration.ofSeconds(5);

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
    if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError(hanging("its end"));
    }
    return process.exitValue();
  }

  /** Waits for the end and demands success. */
  void succeeds() throws InterruptedException, IOException {
    int code = exitCode();
    assertThat(code).as(output()).isZero();
  }

  /** Waits until something is so while the script runs; fails if the script ends before. */
  void until(String what, Callable<Boolean> condition) throws InterruptedException, IOException {
    try {
      boolean so =
          await(what)
              .atMost(LIMIT)
              .pollInterval(Duration.ofMillis(50))
              .until(
                  () -> condition.call() ? Boolean.TRUE : process.isAlive() ? null : Boolean.FALSE,
                  Objects::nonNull);
      assertThat(so).as("%s, before the end; output:%n%s", what, output()).isTrue();
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(hanging(what), e);
    }
  }

  /**
   * What waited in vain, with the stacks of all threads and the processors' time that the JVM has
   * had: a hang may not come a second time, and a machine that stood still is none.
   */
  private String hanging(String what) throws InterruptedException, IOException {
    List<String> told = new ArrayList<>();
    List<ProcessHandle> jvms =
        Stream.concat(Stream.of(process.toHandle()), process.descendants())
            .filter(one -> one.info().command().orElse("").endsWith("/java"))
            .toList();
    for (ProcessHandle jvm : jvms) {
      told.add(
          "JVM %d since %s, processors' time %s"
              .formatted(
                  jvm.pid(),
                  jvm.info().startInstant().orElse(null),
                  jvm.info().totalCpuDuration().orElse(null)));
      new ProcessBuilder("kill", "-QUIT", Long.toString(jvm.pid())).start().waitFor();
    }
    Thread.sleep(STACKS.toMillis());
    return "no sign within %s of %s, at %s; %s; output:%n%s"
        .formatted(LIMIT, what, Instant.now(), told, output());
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
