package dev.ddpm.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ddpm.DdpmException;
import dev.ddpm.DdpmException.Category;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hands a reader damaged copies of a good file: bits flipped, ends cut off, ranges removed, added
 * and overwritten, numbers and texts replaced by impossible ones, nothing but random bytes. Of each
 * it must read what the good file says, or refuse it by a {@link DdpmException} of an expected
 * category, with a message of one line for people; in seconds, and without taking much memory.
 *
 * <p>A seed decides the damage. The system property {@code fuzz.seeds} says how many there are,
 * {@code fuzz.first-seed} which is the first; a failure names its seeds.
 */
public final class Fuzz {
  private static final int SEEDS = Integer.getInteger("fuzz.seeds", 200);
  private static final long FIRST_SEED = Long.getLong("fuzz.first-seed", 1);
  private static final long SECONDS = 10;
  private static final long MEBIBYTE = 1 << 20;
  private static final int LONGEST_MESSAGE = 1000;
  private static final int FAILURES_SHOWN = 8;

  /** Names of Java's packages and exceptions, as a library's own messages have them. */
  private static final Pattern JAVA =
      Pattern.compile(
          "\\b(java|javax|com|org|scala|dev\\.ddpm)\\.\\w+\\.\\w|\\w+(Exception|Error)\\b");

  private static final Pattern TEXT = Pattern.compile(":\\s*(\"[^\"\\\\]*\")");

  private static final List<String> IMPOSSIBLE =
      List.of("-1", "0", "0.5", "1e400", "2147483648", "9223372036854775808", "null", "[]", "\"\"");

  private final byte[] good;
  private final Reader reader;
  private final Set<Category> refusals = EnumSet.of(Category.DATA);
  private boolean exact = true;
  private long memory = 256 * MEBIBYTE;
  private int seeds = SEEDS;

  /** Reads a file. */
  @FunctionalInterface
  public interface Reader {
    /** What the bytes say, as a value that can be compared. */
    Object read(byte[] bytes) throws Exception;
  }

  /**
   * Nothing is read yet.
   *
   * @param good a file that can be read
   */
  public Fuzz(byte[] good, Reader reader) {
    this.good = good;
    this.reader = reader;
  }

  /** For a file without a checksum: damage that leaves it well-formed may be read. */
  public Fuzz withoutChecksum() {
    exact = false;
    return this;
  }

  /** Refusals of this category are right too. */
  public Fuzz refusedAs(Category category) {
    refusals.add(category);
    return this;
  }

  /** For a reader that takes so many times as long as others: fewer seeds. */
  public Fuzz costly(int times) {
    seeds = Math.max(1, SEEDS / times);
    return this;
  }

  /** Reads every damaged copy, and fails if one was met otherwise than it should. */
  public void run() throws Exception {
    Object expected = reader.read(good);
    List<String> failures = new ArrayList<>();
    for (long seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++) {
      byte[] damaged = damage(seed);
      String failure = failure(damaged, expected);
      if (failure != null) {
        failures.add("seed " + seed + ": " + failure);
      }
    }
    assertThat(failures.stream().limit(FAILURES_SHOWN))
        .as("%d of %d seeds", failures.size(), seeds)
        .isEmpty();
  }

  /** What is wrong with how a file was met; null if nothing is. */
  private String failure(byte[] damaged, Object expected) throws InterruptedException {
    FutureTask<String> outcome = new FutureTask<>(() -> outcome(damaged, expected));
    Thread thread = new Thread(outcome, "fuzz");
    thread.setDaemon(true);
    thread.start();
    try {
      return outcome.get(SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      return "still reading after " + SECONDS + " s: " + Arrays.toString(thread.getStackTrace());
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  private String outcome(byte[] damaged, Object expected) {
    long before = allocated();
    String failure;
    try {
      Object read = reader.read(damaged);
      failure =
          exact && !Objects.deepEquals(read, expected)
              ? "silently read as " + shortened(read)
              : null;
    } catch (DdpmException refused) {
      failure = flaw(refused);
    } catch (Throwable other) {
      failure = "ended with " + shortened(other) + " at " + shortened(firstFrames(other));
    }
    long taken = allocated() - before;
    return failure == null && taken > memory
        ? "took " + taken / MEBIBYTE + " MiB of memory"
        : failure;
  }

  private String flaw(DdpmException refused) {
    String message = refused.getMessage();
    if (!refusals.contains(refused.category())) {
      return "refused as " + refused.category() + ": " + shortened(message);
    }
    if (message.lines().count() > 1) {
      return "a message of several lines: " + shortened(message);
    }
    if (message.length() > LONGEST_MESSAGE) {
      return "a message of " + message.length() + " characters: " + shortened(message);
    }
    return JAVA.matcher(message).find() ? "a message of a library: " + shortened(message) : null;
  }

  private static String firstFrames(Throwable thrown) {
    return Arrays.stream(thrown.getStackTrace()).limit(4).toList().toString();
  }

  private static String shortened(Object value) {
    String text = String.valueOf(value);
    return text.length() <= 400 ? text : text.substring(0, 400) + "…";
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  private byte[] damage(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int position = position(random);
    int end = Math.min(good.length, position + 1 + random.nextInt(16));
    return switch (random.nextInt(10)) {
      case 0 -> Arrays.copyOf(good, position);
      case 1 -> replaced(position, end, new byte[0]);
      case 2 -> replaced(position, position, bytes(random, 1 + random.nextInt(16)));
      case 3 -> replaced(position, end, bytes(random, end - position));
      case 4 -> replaced(position, position, Arrays.copyOfRange(good, position, end));
      case 5 -> bytes(random, random.nextInt(good.length + 1));
      case 6 -> withImpossibleNumber(random, position);
      case 7 -> withImpossibleText(random, position);
      default -> flipped(random.nextInt(8), position);
    };
  }

  /** Anywhere, but in half of the cases near one of the ends, where headers and footers are. */
  private int position(SplittableRandom random) {
    int edge = Math.min(256, good.length);
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(edge);
      case 1 -> good.length - 1 - random.nextInt(edge);
      default -> random.nextInt(good.length);
    };
  }

  private byte[] flipped(int bit, int position) {
    byte[] damaged = good.clone();
    damaged[position] ^= (byte) (1 << bit);
    return damaged;
  }

  /** The next number from a position on becomes another. */
  private byte[] withImpossibleNumber(SplittableRandom random, int position) {
    int from = position;
    while (from < good.length && !isDigit(good[from])) {
      from++;
    }
    int to = from;
    while (to < good.length && isDigit(good[to])) {
      to++;
    }
    String number = IMPOSSIBLE.get(random.nextInt(IMPOSSIBLE.size()));
    return replaced(from, to, number.getBytes(StandardCharsets.US_ASCII));
  }

  /** The next text of JSON that is a value, from a position on, becomes something else. */
  private byte[] withImpossibleText(SplittableRandom random, int position) {
    Matcher text = TEXT.matcher(new String(good, StandardCharsets.ISO_8859_1));
    String other = IMPOSSIBLE.get(random.nextInt(IMPOSSIBLE.size()));
    return text.find(position)
        ? replaced(text.start(1), text.end(1), other.getBytes(StandardCharsets.US_ASCII))
        : flipped(random.nextInt(8), position);
  }

  private static boolean isDigit(byte value) {
    return value >= '0' && value <= '9';
  }

  private byte[] replaced(int from, int to, byte[] by) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(good, 0, from);
    out.writeBytes(by);
    out.write(good, to, good.length - to);
    return out.toByteArray();
  }

  private static byte[] bytes(SplittableRandom random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
