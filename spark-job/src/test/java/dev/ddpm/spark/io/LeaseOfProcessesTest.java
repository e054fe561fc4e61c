package dev.ddpm.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.spark.LocalSpark;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Leases of drivers that live and die in processes and containers of their own. */
@EnabledOnOs(OS.LINUX)
class LeaseOfProcessesTest {
  /** What a container runtime does to process numbers; {@code /proc} is mounted anew. */
  private static final List<String> CONTAINER =
      List.of("unshare", "--pid", "--fork", "--kill-child", "--mount-proc");

  /** The same, with the {@code /proc} of outside. */
  private static final List<String> CONTAINER_WITH_PROC_OF_OUTSIDE =
      List.of("unshare", "--pid", "--fork", "--kill-child");

  private static final Duration EXPIRY = Duration.ofMillis(2400);
  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() {
    for (Process process : started) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  @Test
  void aDriverThatWasKilledIsFollowedAtOnce() throws Exception {
    Process killed = keeper(List.of(), HOUR);
    assertThat(line(killed)).isEqualTo("held");
    killed.destroyForcibly().waitFor();

    Lease.acquire(folder.toString(), new Configuration(), HOUR).close();
  }

  @Test
  void aDriverInAContainerIsNotTakenForDead() throws Exception {
    for (List<String> container : List.of(CONTAINER, CONTAINER_WITH_PROC_OF_OUTSIDE)) {
      assumeAllowed(container);
      Process inside = keeper(container, EXPIRY);
      assertThat(line(inside)).isEqualTo("held");

      assertThatThrownBy(() -> Lease.acquire(folder.toString(), new Configuration(), EXPIRY))
          .hasMessageContaining("is being written by another driver");
      inside.getOutputStream().close();
      assertThat(inside.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aDriverInAContainerDoesNotTakeThatOfOneOutside() throws Exception {
    try (Lease lease = Lease.acquire(folder.toString(), new Configuration(), EXPIRY)) {
      for (List<String> container : List.of(CONTAINER, CONTAINER_WITH_PROC_OF_OUTSIDE)) {
        assumeAllowed(container);

        assertThat(line(keeper(container, EXPIRY))).contains("is being written by another driver");
        lease.ensureHeld();
      }
    }
  }

  @Test
  void aKilledContainerIsFollowedAfterTheExpiry() throws Exception {
    assumeAllowed(CONTAINER);
    Process inside = keeper(CONTAINER, EXPIRY);
    assertThat(line(inside)).isEqualTo("held");
    inside.destroyForcibly().waitFor();
    long start = System.nanoTime();

    Lease.acquire(folder.toString(), new Configuration(), EXPIRY).close();

    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(EXPIRY.toNanos());
  }

  private static void assumeAllowed(List<String> container) throws Exception {
    List<String> command = new ArrayList<>(container);
    command.add("true");
    try {
      Process probe = new ProcessBuilder(command).redirectErrorStream(true).start();
      assumeTrue(probe.waitFor(10, TimeUnit.SECONDS) && probe.exitValue() == 0, "unshare may");
    } catch (IOException none) {
      assumeTrue(false, "there is unshare");
    }
  }

  private Process keeper(List<String> wrapper, Duration expiry) throws IOException {
    List<String> command = new ArrayList<>(wrapper);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"));
    command.addAll(List.of("-cp", LocalSpark.classPath(), LeaseKeeper.class.getName()));
    command.addAll(List.of(folder.toString(), Long.toString(expiry.toMillis())));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    started.add(process);
    return process;
  }

  /** The first line of what a keeper says of the lease; its logging may come before. */
  private static String line(Process process) throws IOException {
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line = out.readLine();
    while (line != null && !line.equals("held") && !line.contains("another driver (")) {
      line = out.readLine();
    }
    return line;
  }
}
