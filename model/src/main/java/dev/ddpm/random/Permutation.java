package dev.ddpm.random;

import dev.ddpm.DdpmException;

/**
 * A pseudo-random permutation of 0..n−1 that needs no memory: the order in which an epoch visits
 * the rows of a table. Any worker can compute any part of it, in both directions.
 *
 * <p>A number is written as (left, right) on a grid of ⌈√n⌉ columns that just holds n cells, mixed
 * by a Feistel network over these unequal halves (Black and Rogaway, "Ciphers with arbitrary finite
 * domains", 2002), and mixed again while it lies outside 0..n−1, which on average takes less than
 * two passes. Round functions are words of {@link CounterRandom}, keyed by seed and epoch.
 */
public final class Permutation {
  private static final int ROUNDS = 8;
  private static final long MAXIMUM_SIZE = 1L << 60;

  private final long seed;
  private final Stream stream;
  private final long epoch;
  private final long size;
  private final long columns;
  private final long rows;

  private Permutation(long seed, Stream stream, long epoch, long size) {
    this.seed = seed;
    this.stream = stream;
    this.epoch = epoch;
    this.size = size;
    this.columns = (long) Math.ceil(Math.sqrt((double) size));
    this.rows = (size + columns - 1) / columns;
  }

  /**
   * The order of one epoch.
   *
   * @param seed seed of the run
   * @param epoch number of the epoch
   * @param n how many rows, 1 to 2^60
   * @throws DdpmException (data) if {@code n} is out of range
   */
  public static Permutation of(long seed, long epoch, long n) {
    return of(seed, Stream.PERMUTATION, epoch, n);
  }

  /**
   * An order for another purpose than an epoch, such as {@link Stream#SPLIT}.
   *
   * @param seed seed of the run
   * @param stream what the order is for
   * @param epoch number of the order
   * @param n how many rows, 1 to 2^60
   * @throws DdpmException (data) if {@code n} is out of range
   */
  public static Permutation of(long seed, Stream stream, long epoch, long n) {
    if (n < 1 || n > MAXIMUM_SIZE) {
      throw DdpmException.data(
          "%d rows cannot be put in order: at least 1 and at most %d are allowed.",
          n, MAXIMUM_SIZE);
    }
    return new Permutation(seed, stream, epoch, n);
  }

  /** How many elements are permuted. */
  public long size() {
    return size;
  }

  /**
   * The id at a position of the order.
   *
   * @throws IndexOutOfBoundsException unless {@code position} is in 0..n−1
   */
  public long at(long position) {
    check(position);
    long value = position;
    do {
      value = forward(value);
    } while (value >= size);
    return value;
  }

  /**
   * The position at which an id is visited: the inverse of {@link #at}.
   *
   * @throws IndexOutOfBoundsException unless {@code id} is in 0..n−1
   */
  public long positionOf(long id) {
    check(id);
    long value = id;
    do {
      value = backward(value);
    } while (value >= size);
    return value;
  }

  private long forward(long value) {
    long left = value % columns;
    long right = value / columns;
    for (int round = 0; round < ROUNDS; round += 2) {
      left = (left + roundFunction(round, right, columns)) % columns;
      right = (right + roundFunction(round + 1, left, rows)) % rows;
    }
    return right * columns + left;
  }

  private long backward(long value) {
    long left = value % columns;
    long right = value / columns;
    for (int round = ROUNDS - 2; round >= 0; round -= 2) {
      right = (right + rows - roundFunction(round + 1, left, rows)) % rows;
      left = (left + columns - roundFunction(round, right, columns)) % columns;
    }
    return right * columns + left;
  }

  private long roundFunction(int round, long half, long bound) {
    return CounterRandom.scale(CounterRandom.bits(seed, stream, epoch, (int) half, round), bound);
  }

  private void check(long value) {
    if (value < 0 || value >= size) {
      throw new IndexOutOfBoundsException(value + " is not in 0.." + (size - 1));
    }
  }
}
