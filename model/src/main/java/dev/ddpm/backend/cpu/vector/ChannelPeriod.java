package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Runs over (rows, channels) memory in vectors although the channels need not fill a whole number
 * of them: after lcm(channels, lanes) values, the period, channels and vectors line up again. What
 * depends on the channel is therefore kept one period long, and what remains after the last whole
 * period is worked on in a copy that is filled up to one.
 */
final class ChannelPeriod {
  /** Rows whose float32 sums are taken before they are added to the float64 ones. */
  private static final int CHUNK = 128;

  private final int channels;
  private final int period;
  private final float[] partial;
  private final float[] partialSquares;
  private final double[] periodSums;
  private final double[] periodSquares;
  private final double[] channelSums;
  private final ByteBuffer staging;

  ChannelPeriod(int channels) {
    this.channels = channels;
    int divisor = channels;
    for (int rest = LANES; rest != 0; ) {
      int next = divisor % rest;
      divisor = rest;
      rest = next;
    }
    this.period = channels / divisor * LANES;
    this.partial = new float[period];
    this.partialSquares = new float[period];
    this.periodSums = new double[period];
    this.periodSquares = new double[period];
    this.channelSums = new double[channels];
    this.staging = allocate(1);
  }

  int channels() {
    return channels;
  }

  /** Values until channels and vectors line up again, a multiple of both. */
  int length() {
    return period;
  }

  /** Memory for some periods. */
  ByteBuffer allocate(int periods) {
    return ByteBuffer.allocateDirect(periods * period * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  /** Fills one period with a value per channel, from an index on. */
  void fill(float[] coefficients, CpuTensor values, int base) {
    ByteBuffer bytes = values.bytes();
    for (int c = 0; c < channels; c++) {
      coefficients[c] = bytes.getFloat((base + c) << 2);
    }
    repeat(coefficients);
  }

  /** Repeats one period's first {@code channels} values over the rest of it. */
  void repeat(float[] coefficients) {
    for (int i = channels; i < period; i++) {
      coefficients[i] = coefficients[i - channels];
    }
  }

  /** Copies values between two memories. */
  static void copy(ByteBuffer from, int fromIndex, ByteBuffer to, int toIndex, int count) {
    to.put(toIndex << 2, from, fromIndex << 2, count << 2);
  }

  /** sums[c] = Σ over the rows of x. */
  void sum(ByteBuffer x, int base, int rows, double[] sums) {
    Arrays.fill(periodSums, 0);
    int size = rows * channels;
    int whole = size / period;
    for (int row = 0; row < whole; row += CHUNK) {
      sumChunk(x, base + row * period, Math.min(CHUNK, whole - row));
      flush(period);
    }
    int rest = size - whole * period;
    if (rest > 0) {
      copy(x, base + whole * period, staging, 0, rest);
      sumChunk(staging, 0, 1);
      flush(rest);
    }
    perChannel(periodSums, sums);
  }

  /** The sums of a whole matrix, rounded to float32, into other memory. */
  void sumInto(ByteBuffer x, int rows, ByteBuffer sums) {
    sum(x, 0, rows, channelSums);
    for (int c = 0; c < channels; c++) {
      sums.putFloat(c << 2, (float) channelSums[c]);
    }
  }

  /**
   * sums[c] = Σ over the rows of x − pivot[c], and squares[c] = Σ (x − pivot[c])², in one pass. If
   * the pivots are about as far from the mean as the values are, nothing cancels.
   */
  void moments(ByteBuffer x, int base, int rows, float[] pivot, double[] sums, double[] squares) {
    Arrays.fill(periodSums, 0);
    Arrays.fill(periodSquares, 0);
    int size = rows * channels;
    int whole = size / period;
    for (int row = 0; row < whole; row += CHUNK) {
      momentsOfChunk(x, base + row * period, Math.min(CHUNK, whole - row), pivot);
      flushMoments(period);
    }
    int rest = size - whole * period;
    if (rest > 0) {
      copy(x, base + whole * period, staging, 0, rest);
      momentsOfChunk(staging, 0, 1, pivot);
      flushMoments(rest);
    }
    perChannel(periodSums, sums);
    perChannel(periodSquares, squares);
  }

  /** Folds one value per position of the period into one per channel. */
  void perChannel(double[] perPosition, double[] sums) {
    System.arraycopy(perPosition, 0, sums, 0, channels);
    for (int i = channels, c = 0; i < period; i++) {
      sums[c] += perPosition[i];
      c = c + 1 == channels ? 0 : c + 1;
    }
  }

  private void flush(int count) {
    for (int i = 0; i < count; i++) {
      periodSums[i] += partial[i];
    }
  }

  private void flushMoments(int count) {
    flush(count);
    for (int i = 0; i < count; i++) {
      periodSquares[i] += partialSquares[i];
    }
  }

  private void sumChunk(ByteBuffer x, int base, int rows) {
    for (int v = 0; v < period; v += LANES) {
      FloatVector even = broadcast(SPECIES, 0);
      FloatVector odd = broadcast(SPECIES, 0);
      int row = 0;
      for (; row + 1 < rows; row += 2) {
        int i = base + row * period + v;
        even = even.add(fromByteBuffer(SPECIES, x, i << 2, ORDER));
        odd = odd.add(fromByteBuffer(SPECIES, x, (i + period) << 2, ORDER));
      }
      if (row < rows) {
        even = even.add(fromByteBuffer(SPECIES, x, (base + row * period + v) << 2, ORDER));
      }
      even.add(odd).intoArray(partial, v);
    }
  }

  /** Two vectors at a time, so that a cache line is read once and four sums grow side by side. */
  private void momentsOfChunk(ByteBuffer x, int base, int rows, float[] pivot) {
    int v = 0;
    for (; v + LANES < period; v += 2 * LANES) {
      FloatVector pivotLeft = fromArray(SPECIES, pivot, v);
      FloatVector pivotRight = fromArray(SPECIES, pivot, v + LANES);
      FloatVector sumLeft = broadcast(SPECIES, 0);
      FloatVector sumRight = broadcast(SPECIES, 0);
      FloatVector squaresLeft = broadcast(SPECIES, 0);
      FloatVector squaresRight = broadcast(SPECIES, 0);
      for (int row = 0; row < rows; row++) {
        int i = base + row * period + v;
        FloatVector left = fromByteBuffer(SPECIES, x, i << 2, ORDER).sub(pivotLeft);
        FloatVector right = fromByteBuffer(SPECIES, x, (i + LANES) << 2, ORDER).sub(pivotRight);
        sumLeft = sumLeft.add(left);
        sumRight = sumRight.add(right);
        squaresLeft = left.fma(left, squaresLeft);
        squaresRight = right.fma(right, squaresRight);
      }
      sumLeft.intoArray(partial, v);
      sumRight.intoArray(partial, v + LANES);
      squaresLeft.intoArray(partialSquares, v);
      squaresRight.intoArray(partialSquares, v + LANES);
    }
    if (v < period) {
      FloatVector pivotHere = fromArray(SPECIES, pivot, v);
      FloatVector sum = broadcast(SPECIES, 0);
      FloatVector squares = broadcast(SPECIES, 0);
      for (int row = 0; row < rows; row++) {
        int i = base + row * period + v;
        FloatVector difference = fromByteBuffer(SPECIES, x, i << 2, ORDER).sub(pivotHere);
        sum = sum.add(difference);
        squares = difference.fma(difference, squares);
      }
      sum.intoArray(partial, v);
      squares.intoArray(partialSquares, v);
    }
  }
}
