package dev.ddpm.training;

import dev.ddpm.DdpmException;
import dev.ddpm.random.Permutation;
import java.io.Serializable;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which row of a data set is used where, in every epoch: a pure function of its arguments, so that
 * driver and executors agree without exchanging anything.
 *
 * <p>An epoch visits the rows in the order of a keyed {@link Permutation}. A round takes {@code
 * workers · averagingFrequency · batchSize} consecutive positions and deals them out step by step:
 * in step s, worker w gets the w-th batch of that step. Averaging after every step is therefore the
 * same as one worker with a batch {@code workers} times as large. The last round of an epoch takes
 * what is left, spread over as few steps as hold it, in batches whose sizes differ by at most one.
 * Every row is used exactly once.
 *
 * @param rows number of rows, with ids 0..rows−1
 * @param workers number of workers, at least 1
 * @param averagingFrequency optimiser steps per full round, at least 1
 * @param batchSize rows per worker and full step, at least 1
 * @param seed of the permutations
 */
public record RoundPlan(long rows, int workers, int averagingFrequency, int batchSize, long seed)
    implements Serializable {

  /** Little enough to be added to a number of rows. */
  private static final long MAXIMUM_ROWS_PER_ROUND = 1L << 60;

  /** Where one row is used within its epoch. */
  public record Slot(int round, int worker, int step) {}

  /**
   * Checks the bounds.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public RoundPlan {
    atLeastOne("workers", workers);
    atLeastOne("averaging-frequency", averagingFrequency);
    atLeastOne("batch-size", batchSize);
    if ((double) workers * averagingFrequency * batchSize > MAXIMUM_ROWS_PER_ROUND) {
      throw DdpmException.user(
          "averaging-frequency = %d: is too much for %d workers with batch size %d, since a round"
              + " can have at most %d rows.",
          averagingFrequency, workers, batchSize, MAXIMUM_ROWS_PER_ROUND);
    }
    if (rows < workers) {
      throw DdpmException.user(
          "workers = %d: the data set has only %d rows; at least one row per worker is needed.",
          workers, rows);
    }
    if (ceilDiv(rows, (long) workers * averagingFrequency * batchSize) > 1_000_000) {
      throw DdpmException.user(
          "averaging-frequency = %d: an epoch of %d rows would take more than 1,000,000 rounds of"
              + " %d workers with batch size %d.",
          averagingFrequency, rows, workers, batchSize);
    }
  }

  private static void atLeastOne(String key, int value) {
    if (value < 1) {
      throw DdpmException.user("%s = %d: must be at least 1.", key, value);
    }
  }

  /** Rounds per epoch; all but the last are full. */
  public int rounds() {
    return Math.toIntExact(ceilDiv(rows, rowsPerFullRound()));
  }

  /** Rows that a round uses, over all workers. */
  public long rowsIn(int round) {
    return Math.min(rowsPerFullRound(), rows - rowsBefore(round));
  }

  /** Rows of the epoch that earlier rounds use. */
  public long rowsBefore(int round) {
    return round * rowsPerFullRound();
  }

  /** Optimiser steps that every worker makes in a round. */
  public int stepsIn(int round) {
    return Math.toIntExact(ceilDiv(rowsIn(round), (long) workers * batchSize));
  }

  /** Optimiser steps that every worker makes in an epoch. */
  public long stepsPerEpoch() {
    return (rounds() - 1L) * averagingFrequency + stepsIn(rounds() - 1);
  }

  /** Optimiser steps that every worker has made after so many rounds, over all epochs. */
  public long stepsAfter(long rounds) {
    return rounds / rounds() * stepsPerEpoch() + rounds % rounds() * averagingFrequency;
  }

  /** Rows that are used up after so many rounds, over all epochs; each counts in every epoch. */
  public long rowsAfter(long rounds) {
    return rounds / rounds() * rows + rowsBefore((int) (rounds % rounds()));
  }

  /** Position of the first row of a worker's batch within the epoch's order. */
  public long batchStart(int round, int worker, int step) {
    long batches = (long) stepsIn(round) * workers;
    long batch = (long) step * workers + worker;
    return rowsBefore(round) + rowsIn(round) * batch / batches;
  }

  /** Position after the last row of a worker's batch; equal to the start for an empty batch. */
  public long batchEnd(int round, int worker, int step) {
    return worker + 1 < workers
        ? batchStart(round, worker + 1, step)
        : step + 1 < stepsIn(round)
            ? batchStart(round, 0, step + 1)
            : rowsBefore(round) + rowsIn(round);
  }

  /** The sizes of all batches that are not empty: full ones, and those of an epoch's last round. */
  public SortedSet<Integer> batchSizes() {
    SortedSet<Integer> sizes = new TreeSet<>();
    if (rows >= rowsPerFullRound()) {
      sizes.add(batchSize);
    }
    long left = rows % rowsPerFullRound();
    if (left > 0) {
      long batches = (long) stepsIn(rounds() - 1) * workers;
      sizes.add(Math.toIntExact(left / batches));
      sizes.add(Math.toIntExact(ceilDiv(left, batches)));
      sizes.remove(0);
    }
    return sizes;
  }

  /** Where the row at a position of the epoch's order is used. */
  public Slot slot(long position) {
    int round = Math.toIntExact(position / rowsPerFullRound());
    long offset = position % rowsPerFullRound();
    long batches = (long) stepsIn(round) * workers;
    long batch = ((offset + 1) * batches - 1) / rowsIn(round);
    return new Slot(round, (int) (batch % workers), (int) (batch / workers));
  }

  /** The order in which an epoch visits the rows. */
  public Permutation order(long epoch) {
    return Permutation.of(seed, epoch, rows);
  }

  private long rowsPerFullRound() {
    return (long) workers * averagingFrequency * batchSize;
  }

  private static long ceilDiv(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
