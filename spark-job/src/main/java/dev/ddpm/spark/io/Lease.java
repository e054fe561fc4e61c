package dev.ddpm.spark.io;

import dev.ddpm.DdpmException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right of one driver to write into a folder, on any Hadoop file system.
 *
 * <p>Leases of a folder are numbered; the file of each is {@code lease-000001.json} and so on, and
 * the highest number holds. Whoever takes a folder over makes the next number's file, which only
 * one can; the driver before finds it when it next asks {@link #ensureHeld} and stops. A holder
 * beats: it counts up in its file. Taken over at once are leases that were given back, and those of
 * a process that has certainly ended: see {@link ProcessIdentity}. Of all others, damaged ones too,
 * it is known only whether they change: they are taken over after they stood still for the expiry,
 * by the clock of the one who looks. Clocks of different machines are never compared.
 */
public final class Lease implements AutoCloseable {
  /** Name of the folder with the leases, in the folder that is held. */
  public static final String FOLDER = ".lease";

  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final Pattern NAME = Pattern.compile("lease-(\\d{6,18})\\.json");

  /** No lease is nearly as long: more is damage. */
  private static final int MAX_BYTES = 1 << 16;

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
    HadoopFileStore store = new HadoopFileStore(folder + "/" + FOLDER, configuration);
    try {
      long number = numberOfFree(folder, store, expiry) + 1;
      Lease lease = new Lease(folder, store, number, LeaseHolder.thisProcess(expiry));
      byte[] holder = LeaseFile.write(lease.holder);
      if (!store.createNew(name(number), out -> out.write(holder))) {
        throw DdpmException.environment(
            "%s: another driver has begun to write there at the same moment; run one at a time.",
            folder);
      }
      for (String name : store.names()) {
        if (number(name) > 0 && number(name) < number) {
          store.delete(name);
        }
      }
      store.removeTemporaries();
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
      if (store.exists(name(number + 1)) || !isMine()) {
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
      if (isMine()) {
        holder = change.apply(holder);
        byte[] content = LeaseFile.write(holder);
        store.create(name(number), out -> out.write(content));
      }
    } catch (IOException | RuntimeException e) {
      // Thrown on, it would be the last beat.
      LOG.warn("{} could not be updated: {}", store.location(name(number)), e.getMessage());
    }
  }

  /**
   * Nobody writes over the file of another: a damaged one is this driver's as before, and whole
   * again with the next beat.
   */
  private boolean isMine() throws IOException {
    Optional<byte[]> content = read(store, number);
    return content.isPresent()
        && LeaseFile.read(content.get())
            .map(stored -> stored.owner().equals(holder.owner()))
            .orElse(true);
  }

  /**
   * What is seen of the leases of a folder.
   *
   * @param number the highest one; 0 if there is no lease
   * @param content of its file; empty if it could not be found
   * @param holder whom it names; empty if it is damaged
   * @param free whether nobody writes, for certain
   */
  private record Sight(
      long number, Optional<ByteBuffer> content, Optional<LeaseHolder> holder, boolean free) {

    static Sight of(HadoopFileStore store) throws IOException {
      long number = store.names().stream().mapToLong(Lease::number).max().orElse(0);
      if (number == 0) {
        // Some stores take a file away before they put another in its place.
        return new Sight(0, Optional.empty(), Optional.empty(), !store.hasTemporaries());
      }
      Optional<byte[]> content = read(store, number);
      Optional<LeaseHolder> holder = content.flatMap(LeaseFile::read);
      return new Sight(
          number,
          content.map(ByteBuffer::wrap),
          holder,
          holder.filter(LeaseHolder::isGone).isPresent());
    }

    boolean isSameAs(Sight other) {
      return number == other.number && content.equals(other.content);
    }

    /** For messages: the driver, or the file that should name it. */
    String describe(HadoopFileStore store) {
      return holder
          .map(LeaseHolder::describe)
          .orElseGet(
              () ->
                  "its lease %s is damaged, empty or being written"
                      .formatted(store.location(name(Math.max(1, number)))));
    }
  }

  /** Waits until nobody writes; returns the highest number of a lease then, 0 without any. */
  private static long numberOfFree(String folder, HadoopFileStore store, Duration expiry)
      throws IOException {
    Sight first = Sight.of(store);
    if (first.free()) {
      return first.number();
    }
    long start = System.nanoTime();
    // A holder that beats more seldom than this driver would is given its own time.
    long nanos =
        Math.max(
            expiry.toNanos(),
            TimeUnit.MILLISECONDS.toNanos(
                first.holder().map(LeaseHolder::expiryMillis).orElse(0L)));
    LOG.warn(
        "{} belongs to another driver ({}); waiting up to {} s for a sign of life",
        folder,
        first.describe(store),
        TimeUnit.NANOSECONDS.toSeconds(nanos));
    while (true) {
      pause(expiry.dividedBy(4L * BEATS));
      // Before the look: this process may be stopped for longer than the expiry after it.
      long stoodStill = System.nanoTime() - start;
      Sight now = Sight.of(store);
      if (now.free()) {
        return now.number();
      }
      if (!now.isSameAs(first)) {
        throw DdpmException.environment(
            "%s is being written by another driver (%s): stop it, or name another folder.",
            folder, now.describe(store));
      }
      if (stoodStill >= nanos) {
        return now.number();
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

  /** What a file holds; empty if there is none. */
  private static Optional<byte[]> read(HadoopFileStore store, long number) throws IOException {
    try (InputStream in = store.open(name(number))) {
      return Optional.of(in.readNBytes(MAX_BYTES));
    } catch (FileNotFoundException removed) {
      return Optional.empty();
    }
  }

  /** The number of the lease in a file of this name; 0 if it is none. */
  private static long number(String name) {
    Matcher matcher = NAME.matcher(name);
    return matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
  }

  private static String name(long number) {
    return String.format(Locale.ROOT, "lease-%06d.json", number);
  }
}
