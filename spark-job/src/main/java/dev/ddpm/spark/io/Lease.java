package dev.ddpm.spark.io;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right of one driver to write into a folder, on any Hadoop file system.
 *
 * <p>Leases of a folder are numbered; the file of each is {@code lease-000001.json} and so on, and
 * the highest number holds. Whoever takes a folder over makes the next number's file, which only
 * one can; the driver before finds it when it next asks {@link #ensureHeld} and stops. A holder
 * beats: it counts up in its file. Taken over are leases that were given back, that belong to a
 * process of this machine that has ended, or whose count stood still for the whole expiry. Clocks
 * of different machines are never compared.
 */
public final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final JsonMapper JSON = new JsonMapper();
  private static final String PREFIX = "lease-";

  /** Beats within an expiry: one that is late or lost does not cost the lease. */
  private static final int BEATS = 6;

  private final String folder;
  private final HadoopFileStore store;
  private final long number;
  private final ScheduledExecutorService heart =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "lease heartbeat");
            thread.setDaemon(true);
            return thread;
          });
  private LeaseHolder holder;
  private ScheduledFuture<?> beating;

  private Lease(String folder, HadoopFileStore store, long number, LeaseHolder holder) {
    this.folder = folder;
    this.store = store;
    this.number = number;
    this.holder = holder;
  }

  /**
   * Takes the lease of a folder, waiting for at most the expiry to see whether a holder lives.
   *
   * @param folder path or URI; the files of its leases are in {@code .lease} there
   * @param configuration Hadoop's configuration
   * @param expiry time without a beat after which a holder is taken for dead
   * @throws DdpmException (environment) if another driver holds it, or the folder cannot be written
   */
  public static Lease acquire(String folder, Configuration configuration, Duration expiry) {
    HadoopFileStore store = new HadoopFileStore(folder + "/.lease", configuration);
    try {
      long newest = newest(store);
      if (newest > 0) {
        awaitEnd(folder, store, newest, expiry);
      }
      Lease lease = new Lease(folder, store, newest + 1, LeaseHolder.thisProcess());
      byte[] holder = JSON.writeValueAsBytes(lease.holder);
      if (!store.createNew(name(newest + 1), out -> out.write(holder))) {
        throw DdpmException.environment(
            "%s: another driver has begun to write there at the same moment; run one at a time.",
            folder);
      }
      for (String name : store.names()) {
        if (name.startsWith(PREFIX) && name.compareTo(name(newest + 1)) < 0) {
          store.delete(name);
        }
      }
      long pause = expiry.toMillis() / BEATS;
      lease.beating =
          lease.heart.scheduleAtFixedRate(lease::beat, pause, pause, TimeUnit.MILLISECONDS);
      return lease;
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be written: %s.", folder, e.getMessage());
    }
  }

  /**
   * Checks, before something is written, that the lease is still this driver's.
   *
   * @throws DdpmException (environment) if another driver has taken it over
   */
  public synchronized void ensureHeld() {
    try {
      if (store.exists(name(number + 1)) || !owner().equals(Optional.of(holder.owner()))) {
        throw DdpmException.environment(
            "%s was taken over by another driver, which had no sign of life from this one: this one"
                + " stops without writing.",
            folder);
      }
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be read: %s.", store.location(name(number)), e.getMessage());
    }
  }

  /** Gives the lease back; whoever comes next need not wait. */
  @Override
  public void close() {
    beating.cancel(false);
    heart.shutdown();
    update(LeaseHolder::release);
  }

  private void beat() {
    update(LeaseHolder::nextBeat);
  }

  /** A lease that is lost is left as it is: {@link #ensureHeld} tells who needs to know. */
  private synchronized void update(UnaryOperator<LeaseHolder> change) {
    try {
      if (owner().equals(Optional.of(holder.owner()))) {
        holder = change.apply(holder);
        store.create(name(number), out -> out.write(JSON.writeValueAsBytes(holder)));
      }
    } catch (IOException e) {
      LOG.warn("{} could not be updated: {}", store.location(name(number)), e.getMessage());
    }
  }

  private Optional<String> owner() throws IOException {
    return read(store, number).map(LeaseHolder::owner);
  }

  private static void awaitEnd(String folder, HadoopFileStore store, long number, Duration expiry)
      throws IOException {
    Optional<LeaseHolder> first = read(store, number);
    if (first.isEmpty() || first.get().isGone()) {
      return;
    }
    LOG.warn(
        "{} belongs to {}; waiting up to {} s for a sign of life",
        folder,
        first.get().describe(),
        expiry.toSeconds());
    long end = System.nanoTime() + expiry.toNanos();
    while (System.nanoTime() < end) {
      pause(expiry.dividedBy(4L * BEATS));
      Optional<LeaseHolder> now = read(store, number);
      if (now.isEmpty() || now.get().isGone()) {
        return;
      }
      if (!now.equals(first)) {
        throw DdpmException.environment(
            "%s is being written by another driver (%s): stop it, or name another folder.",
            folder, now.get().describe());
      }
    }
  }

  private static void pause(Duration duration) {
    try {
      TimeUnit.MILLISECONDS.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DdpmException.environment(e, "Interrupted while waiting for the lease of a folder.");
    }
  }

  /** The highest number; 0 without any. */
  private static long newest(HadoopFileStore store) throws IOException {
    List<String> names =
        store.names().stream().filter(name -> name.matches(PREFIX + "\\d{6}\\.json")).toList();
    return names.isEmpty()
        ? 0
        : Long.parseLong(
            names.get(names.size() - 1).substring(PREFIX.length(), PREFIX.length() + 6));
  }

  private static Optional<LeaseHolder> read(HadoopFileStore store, long number) throws IOException {
    try (InputStream in = store.open(name(number))) {
      return Optional.of(JSON.readValue(in.readAllBytes(), LeaseHolder.class));
    } catch (FileNotFoundException removed) {
      return Optional.empty();
    }
  }

  private static String name(long number) {
    return String.format(Locale.ROOT, PREFIX + "%06d.json", number);
  }
}
