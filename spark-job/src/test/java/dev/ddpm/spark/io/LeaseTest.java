package dev.ddpm.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
  private static final Duration EXPIRY = Duration.ofMillis(1200);
  private static final LeaseHolder HERE = LeaseHolder.thisProcess(EXPIRY);

  /** Above the largest number that Linux gives. */
  private static final long NO_PROCESS = 4_194_305;

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
    write(holder(HERE.host(), ended.pid(), HERE.place(), 1));

    try (Lease lease = acquire(Duration.ofHours(1))) {
      assertThatCode(lease::ensureHeld).doesNotThrowAnyException();
    }
  }

  /** A number that was used again since belongs to a process that started later. */
  @Test
  void aProcessNumberOfTodayIsNotTheHolderOfYesterday() throws IOException {
    write(holder(HERE.host(), HERE.pid(), HERE.place(), HERE.startTicks() - 1));

    acquire(Duration.ofHours(1)).close();
    assertThat(folder.resolve(".lease/lease-000002.json")).exists();
  }

  @Test
  void oneThatStandsStillIsTakenAfterTheExpiryIfItsProcessCannotBeLookedFor() throws IOException {
    String otherBoot = "0f7d4c1e-" + HERE.place().substring(9);
    String otherNamespace = HERE.place().replaceFirst("pid:\\[\\d+]", "pid:[1]");
    assertThat(otherNamespace).isNotEqualTo(HERE.place());
    for (LeaseHolder holder :
        List.of(
            holder("elsewhere.example", 1, null, 0),
            holder("elsewhere.example", NO_PROCESS, HERE.place(), 1),
            holder(HERE.host(), NO_PROCESS, null, 0),
            holder(HERE.host(), NO_PROCESS, otherBoot, 1),
            holder(HERE.host(), NO_PROCESS, otherNamespace, 1))) {
      write(holder);
      assertTakenAfter(EXPIRY, EXPIRY);
    }
  }

  /** A clock that was set moves the time since 1970 at which a process started. */
  @Test
  void aClockThatWasSetTakesNobodysLease() throws IOException {
    write(
        new LeaseHolder(
            "clock",
            HERE.host(),
            HERE.pid(),
            HERE.started() + 1000,
            HERE.place(),
            HERE.startTicks(),
            0,
            5,
            false));

    assertTakenAfter(EXPIRY, EXPIRY);
  }

  @Test
  void aHolderThatBeatsMoreSeldomIsGivenItsOwnTime() throws IOException {
    write(new LeaseHolder("slow", "elsewhere.example", 1, 1, null, 0, 1500, 5, false));

    assertTakenAfter(Duration.ofMillis(1500), Duration.ofMillis(300));
  }

  /** Nothing was known of places then. */
  @Test
  void oneOfVersion01IsTakenWhenItWasGivenBackAndElseAfterTheExpiry() throws IOException {
    String fields = "\"host\":\"%s\",\"pid\":%d,\"started\":1,\"beat\":5";
    String old = fields.formatted(HERE.host(), NO_PROCESS);
    write(1, "{\"owner\":\"old\",%s,\"released\":true}".formatted(old));
    acquire(Duration.ofHours(1)).close();

    write(3, "{\"owner\":\"old\",%s,\"released\":false}".formatted(old));
    assertTakenAfter(EXPIRY, EXPIRY);
  }

  @Test
  void aDamagedOrEmptyOneIsNoSignOfLife() throws IOException {
    for (String damaged : List.of("", "{\"owner\":", "[]", "null", "{}", "\0\0\0\0")) {
      write(damaged);
      assertTakenAfter(EXPIRY, EXPIRY);
    }
  }

  @Test
  void aFolderInItsPlaceIsNoSignOfLife() throws IOException {
    Files.createDirectories(folder.resolve(".lease/lease-000001.json"));
    assertTakenAfter(EXPIRY, EXPIRY);
  }

  @Test
  void aDamagedOneThatChangesIsNamed() throws Exception {
    write(1, "");
    var other =
        CompletableFuture.runAsync(
            () -> assertThatCode(() -> write(1, "{")).doesNotThrowAnyException(),
            CompletableFuture.delayedExecutor(300, TimeUnit.MILLISECONDS));

    assertThatThrownBy(() -> acquire(EXPIRY))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("is being written by another driver (its lease file:" + folder)
        .hasMessageContaining(".lease/lease-000001.json is damaged, empty or being written)");
    other.get(10, TimeUnit.SECONDS);
  }

  @Test
  void noFlippedBitMakesAnotherHolder() throws IOException {
    byte[] sound = LeaseFile.write(HERE);
    for (int bit = 0; bit < 8 * sound.length; bit++) {
      byte[] flipped = sound.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(LeaseFile.read(flipped)).as("bit %d", bit).isEmpty();
    }
    assertThat(LeaseFile.read(sound)).contains(HERE);
  }

  @Test
  void aDriverWhoseFileIsDamagedKeepsItsLeaseAndWritesItAgain() throws Exception {
    try (Lease lease = acquire(Duration.ofMillis(600))) {
      write(1, "");
      assertThatCode(lease::ensureHeld).doesNotThrowAnyException();

      assertThatThrownBy(() -> acquire(EXPIRY))
          .hasMessageContaining("is being written by another driver");
    }
  }

  @Test
  void numbersGoOnPastAMillion() throws IOException {
    write(999_999, "");
    assertTakenAfter(Duration.ofMillis(100), Duration.ofMillis(100));

    acquire(Duration.ofHours(1)).close();
    assertThat(folder.resolve(".lease/lease-1000001.json")).exists();
  }

  /** Some stores take a file away before they put another in its place. */
  @Test
  void oneThatIsBeingWrittenIsNotFree() throws IOException {
    Path lease = Files.createDirectories(folder.resolve(".lease"));
    Path written = lease.resolve(".lease-000001.json." + UUID.randomUUID());
    Files.writeString(written, "");

    assertTakenAfter(EXPIRY, EXPIRY);
    assertThat(written).doesNotExist();
  }

  @Test
  void aDriverThatWasTakenForDeadStopsAndLeavesTheNewOneAlone() throws IOException {
    try (Lease old = acquire(Duration.ofHours(1))) {
      // What another machine does after it has waited: the old driver hangs and does not beat.
      write(2, new LeaseHolder("new", "elsewhere.example", 1, 1, null, 0, 0, 0, false));

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

  /** That the lease is taken, not sooner than it may be. */
  private void assertTakenAfter(Duration wait, Duration expiry) {
    long start = System.nanoTime();
    acquire(expiry).close();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(wait.toNanos());
  }

  private static LeaseHolder holder(String host, long pid, String place, long startTicks) {
    return new LeaseHolder("other", host, pid, 1, place, startTicks, 0, 5, false);
  }

  private void write(LeaseHolder holder) throws IOException {
    write(new String(LeaseFile.write(holder), StandardCharsets.UTF_8));
  }

  /** As the only one. */
  private void write(String content) throws IOException {
    for (String name : store().names()) {
      store().delete(name);
    }
    write(1, content);
  }

  private void write(int number, LeaseHolder holder) throws IOException {
    write(number, new String(LeaseFile.write(holder), StandardCharsets.UTF_8));
  }

  private void write(int number, String content) throws IOException {
    store()
        .create(
            String.format(Locale.ROOT, "lease-%06d.json", number),
            out -> out.write(content.getBytes(StandardCharsets.UTF_8)));
  }
}
