package dev.ddpm.spark.io;

import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * The driver that holds a {@link Lease}, as its file tells.
 *
 * @param owner a random name, different for every lease ever taken
 * @param host the machine's name
 * @param pid the process there
 * @param started when the process started, in milliseconds since 1970
 * @param beat sign of life: grows while the driver lives
 * @param released whether the driver has given the lease back
 */
record LeaseHolder(String owner, String host, long pid, long started, long beat, boolean released) {

  /** This process, before its first beat. */
  static LeaseHolder thisProcess() {
    ProcessHandle process = ProcessHandle.current();
    return new LeaseHolder(
        UUID.randomUUID().toString(),
        ThisHost.name(),
        process.pid(),
        started(process).orElse(ManagementFactory.getRuntimeMXBean().getStartTime()),
        0,
        false);
  }

  /** The same holder, a beat later. */
  LeaseHolder nextBeat() {
    return new LeaseHolder(owner, host, pid, started, beat + 1, released);
  }

  /** The same holder, which lets go. */
  LeaseHolder release() {
    return new LeaseHolder(owner, host, pid, started, beat, true);
  }

  /** Whether it is known, without waiting for a beat, that the holder does not write any more. */
  boolean isGone() {
    return released || (host.equals(ThisHost.name()) && !isRunningHere());
  }

  /** The process number may have been given to another process since: that one started later. */
  private boolean isRunningHere() {
    return ProcessHandle.of(pid)
        .filter(process -> started(process).map(found -> found == started).orElse(true))
        .isPresent();
  }

  private static Optional<Long> started(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli);
  }

  /** For messages. */
  String describe() {
    return "process %d on %s, running since %s".formatted(pid, host, Instant.ofEpochMilli(started));
  }
}
