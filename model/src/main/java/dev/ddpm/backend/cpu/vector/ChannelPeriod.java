package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.fromArray;

import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
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
  private static final int SUMMED = 128;

  /** Values that are read at once: 16 KiB. */
  private static final int READ = 1 << 12;

  private final int channels;
  private final int period;
  private final int rowsAtOnce;
  private final float[] values;
  private final float[] even;
  private final float[] odd;
  private final double[] periodSums;
  private final double[] channelSums;

  ChannelPeriod(int channels) {
    this.channels = channels;
    int divisor = channels;
    for (int rest = LANES; rest != 0; ) {
      int next = divisor % rest;
      divisor = rest;
      rest = next;
    }
    this.period = channels / divisor * LANES;
    this.rowsAtOnce = Math.max(2, READ / period / 2 * 2);
    this.values = new float[rowsAtOnce * period];
    this.even = new float[period];
    this.odd = new float[period];
    this.periodSums = new double[period];
    this.channelSums = new double[channels];
  }

  int channels() {
    return channels;
  }

  /** Values until channels and vectors line up again, a multiple of both. */
  int length() {
    return period;
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

  /** The sums over the rows of a matrix, rounded to float32. */
  void sumInto(FloatBuffer x, int rows, ByteBuffer sums) {
    Arrays.fill(periodSums, 0);
    int size = rows * channels;
    int whole = size / period;
    for (int first = 0; first < whole; first += SUMMED) {
      int end = Math.min(first + SUMMED, whole);
      for (int row = first; row < end; row += rowsAtOnce) {
        add(x, row, Math.min(rowsAtOnce, end - row) * period);
      }
      flush(period);
    }
    if (whole * period < size) {
      add(x, whole, size - whole * period);
      flush(size - whole * period);
    }
    perChannel(periodSums, channelSums);
    for (int c = 0; c < channels; c++) {
      sums.putFloat(c << 2, (float) channelSums[c]);
    }
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
      periodSums[i] += even[i] + odd[i];
    }
    Arrays.fill(even, 0);
    Arrays.fill(odd, 0);
  }

  private void add(FloatBuffer x, int row, int count) {
    x.get(row * period, values, 0, count);
    addRows((count + period - 1) / period);
  }

  /** Two sums side by side for every position. What lies beyond the last row's end is rubbish. */
  private void addRows(int rows) {
    for (int v = 0; v < period; v += LANES) {
      FloatVector evenRows = fromArray(SPECIES, even, v);
      FloatVector oddRows = fromArray(SPECIES, odd, v);
      int row = 0;
      for (; row + 1 < rows; row += 2) {
        int i = row * period + v;
        evenRows = evenRows.add(fromArray(SPECIES, values, i));
        oddRows = oddRows.add(fromArray(SPECIES, values, i + period));
      }
      if (row < rows) {
        evenRows = evenRows.add(fromArray(SPECIES, values, row * period + v));
      }
      evenRows.intoArray(even, v);
      oddRows.intoArray(odd, v);
    }
  }
}
