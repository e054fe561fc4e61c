package dev.ddpm.spark.train.round;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;

/**
 * What one worker did in one round.
 *
 * @param worker number of the worker, 0..workers−1
 * @param rows images used
 * @param skipped images not used, because a loss was not finite before their turn or at it
 * @param steps optimiser steps made
 * @param lossSum sum over the images used of the mean squared error of their minibatch
 * @param finite whether all losses, and the weights and moments arrived at, are finite
 * @param computeNanos time in optimiser steps
 * @param loadNanos time to receive and load the state
 * @param nanos time from beginning to end, images read included
 */
public record WorkerStats(
    int worker,
    long rows,
    long skipped,
    int steps,
    double lossSum,
    boolean finite,
    long computeNanos,
    long loadNanos,
    long nanos)
    implements Serializable {

  /** Writes all of it, as {@link #readFrom} reads it. */
  void writeTo(DataOutput out) throws IOException {
    out.writeInt(worker);
    out.writeLong(rows);
    out.writeLong(skipped);
    out.writeInt(steps);
    out.writeDouble(lossSum);
    out.writeBoolean(finite);
    out.writeLong(computeNanos);
    out.writeLong(loadNanos);
    out.writeLong(nanos);
  }

  /** Reads what {@link #writeTo} has written. */
  static WorkerStats readFrom(DataInput in) throws IOException {
    return new WorkerStats(
        in.readInt(),
        in.readLong(),
        in.readLong(),
        in.readInt(),
        in.readDouble(),
        in.readBoolean(),
        in.readLong(),
        in.readLong(),
        in.readLong());
  }
}
