package dev.ddpm.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
  private static final Duration EXPIRY = Duration.ofMillis(1200);

  @TempDir Path folder;

  @Test
  void oneThatWasGivenBackIsTakenAtOnce() {
    acquire(Duration.ofHours(1)).close();

    try (Lease second = acquire(Duration.ofHours(1))) {
      assertThatCode(second::ensureHeld).doesNotThrowAnyException();
    }
    assertThat(folder.resolve(".lease/lease-000001.json")).doesNotExist();
    assertThat(folder.resolve(".lease/lease-000002.json")).exists();
  }

  @Test
  void aDriverThatLivesIsNotDisturbed() {
    try (Lease first = acquire(EXPIRY)) {
      assertThatThrownBy(() -> acquire(EXPIRY))
          .isInstanceOfSatisfying(
              DdpmException.class,
              refused ->
                  assertThat(refused.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
          .hasMessageContaining("is being written by another driver (process ")
          .hasMessageContaining("stop it, or name another folder");
      assertThatCode(first::ensureHeld).doesNotThrowAnyException();
    }
  }

  @Test
  void oneWhoseProcessHasEndedHereIsTakenAtOnce() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    assertThat(ended.waitFor(10, TimeUnit.SECONDS)).isTrue();
    LeaseHolder here = LeaseHolder.thisProcess();
    write(new LeaseHolder("dead", here.host(), ended.pid(), 1, 5, false));

    try (Lease lease = acquire(Duration.ofHours(1))) {
      assertThatCode(lease::ensureHeld).doesNotThrowAnyException();
    }
  }

  /** A number that was used again since belongs to a process that started later. */
  @Test
  void aProcessNumberOfTodayIsNotTheHolderOfYesterday() throws IOException {
    LeaseHolder here = LeaseHolder.thisProcess();
    write(new LeaseHolder("dead", here.host(), here.pid(), here.started() - 86_400_000, 5, false));

    acquire(Duration.ofHours(1)).close();
    assertThat(folder.resolve(".lease/lease-000002.json")).exists();
  }

  @Test
  void oneOfAnotherMachineThatStandsStillIsTakenAfterTheExpiry() throws IOException {
    write(new LeaseHolder("far", "elsewhere.example", 1, 1, 5, false));
    long start = System.nanoTime();

    acquire(EXPIRY).close();

    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(EXPIRY.toNanos());
  }

  @Test
  void aDriverThatWasTakenForDeadStopsAndLeavesTheNewOneAlone() throws IOException {
    try (Lease old = acquire(Duration.ofHours(1))) {
      // What another machine does after it has waited: the old driver hangs and does not beat.
      write(2, new LeaseHolder("new", "elsewhere.example", 1, 1, 0, false));

      assertThatThrownBy(old::ensureHeld)
          .isInstanceOf(DdpmException.class)
          .hasMessageContaining("was taken over by another driver")
          .hasMessageContaining("stops without writing");
    }
    assertThat(folder.resolve(".lease/lease-000002.json")).content().contains("\"owner\":\"new\"");
  }

  @Test
  void aDriverWhoseFileWasRemovedDoesNotWriteItAgain() throws IOException {
    try (Lease old = acquire(Duration.ofMillis(60))) {
      Files.delete(folder.resolve(".lease/lease-000001.json"));
      Files.deleteIfExists(folder.resolve(".lease/.lease-000001.json.crc"));

      assertThatThrownBy(old::ensureHeld).hasMessageContaining("was taken over by another driver");
    }
    assertThat(folder.resolve(".lease/lease-000001.json")).doesNotExist();
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "text");

    assertThatThrownBy(() -> Lease.acquire(file.toString(), new Configuration(), EXPIRY))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(file.toString());
  }

  private Lease acquire(Duration expiry) {
    return Lease.acquire(folder.toString(), new Configuration(), expiry);
  }

  private HadoopFileStore store() {
    return new HadoopFileStore(folder + "/.lease", new Configuration());
  }

  private void write(LeaseHolder holder) throws IOException {
    write(1, holder);
  }

  private void write(int number, LeaseHolder holder) throws IOException {
    byte[] json = new JsonMapper().writeValueAsBytes(holder);
    store().create("lease-00000" + number + ".json", out -> out.write(json));
  }
}
