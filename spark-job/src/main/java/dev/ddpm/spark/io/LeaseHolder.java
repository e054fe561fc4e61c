package dev.ddpm.spark.io;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * The driver that holds a {@link Lease}, as its file tells.
 *
 * @param owner a random name, different for every lease ever taken
 * @param host the machine's name
 * @param pid the process there
 * @param started when the process started, in milliseconds since 1970 by the clock of its machine;
 *     for messages alone
 * @param place see {@link ProcessIdentity}; null from a system that does not tell, and from
 *     versions up to 0.1
 * @param startTicks see {@link ProcessIdentity}; 0 without a place
 * @param expiryMillis time without a beat after which its driver may be taken for dead; 0 if it is
 *     not told
 * @param beat sign of life: grows while the driver lives
 * @param released whether the driver has given the lease back
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
record LeaseHolder(
    String owner,
    String host,
    long pid,
    long started,
    String place,
    long startTicks,
    long expiryMillis,
    long beat,
    boolean released) {

  /** This process, before its first beat. */
  static LeaseHolder thisProcess(Duration expiry) {
    Optional<ProcessIdentity> identity = ProcessIdentity.current();
    return new LeaseHolder(
        UUID.randomUUID().toString(),
        ThisHost.name(),
        ProcessHandle.current().pid(),
        ManagementFactory.getRuntimeMXBean().getStartTime(),
        identity.map(ProcessIdentity::place).orElse(null),
        identity.map(ProcessIdentity::startTicks).orElse(0L),
        expiry.toMillis(),
        0,
        false);
  }

  /** The same holder, a beat later. */
  LeaseHolder nextBeat() {
    return new LeaseHolder(
        owner, host, pid, started, place, startTicks, expiryMillis, beat + 1, released);
  }

  /** The same holder, which lets go. */
  LeaseHolder release() {
    return new LeaseHolder(owner, host, pid, started, place, startTicks, expiryMillis, beat, true);
  }

  /** Whether it is certain, without waiting for a beat, that the holder does not write any more. */
  boolean isGone() {
    return released
        || (place != null
            && ThisHost.name().equals(host)
            && new ProcessIdentity(place, pid, startTicks).hasEnded());
  }

  /** For messages. */
  String describe() {
    return "process %d on %s, running since %s".formatted(pid, host, Instant.ofEpochMilli(started));
  }
}
