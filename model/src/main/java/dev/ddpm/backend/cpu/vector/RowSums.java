package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.fromArray;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** The sums over the rows of a matrix of so many columns. */
final class RowSums {
  /** Periods whose float32 sums are taken before they are added to the float64 ones. */
  private static final int SUMMED = 128;

  /** Values that are read at once: 16 KiB. */
  private static final int READ = 1 << 12;

  private final ChannelPeriod columns;
  private final int period;
  private final int periodsAtOnce;
  private final float[] values;
  private final float[] even;
  private final float[] odd;
  private final double[] periodSums;
  private final double[] columnSums;

  RowSums(int columns) {
    this.columns = new ChannelPeriod(columns);
    this.period = this.columns.length();
    this.periodsAtOnce = Math.max(2, READ / period / 2 * 2);
    this.values = new float[periodsAtOnce * period];
    this.even = new float[period];
    this.odd = new float[period];
    this.periodSums = new double[period];
    this.columnSums = new double[columns];
  }

  /** Writes the sums, rounded to float32. */
  void sum(FloatBuffer x, int rows, ByteBuffer sums) {
    Arrays.fill(periodSums, 0);
    int size = rows * columnSums.length;
    int whole = size / period;
    for (int first = 0; first < whole; first += SUMMED) {
      int end = Math.min(first + SUMMED, whole);
      for (int at = first; at < end; at += periodsAtOnce) {
        add(x, at, Math.min(periodsAtOnce, end - at) * period);
      }
      flush(period);
    }
    if (whole * period < size) {
      add(x, whole, size - whole * period);
      flush(size - whole * period);
    }
    columns.perChannel(periodSums, columnSums);
    for (int c = 0; c < columnSums.length; c++) {
      sums.putFloat(c << 2, (float) columnSums[c]);
    }
  }

  private void flush(int count) {
    for (int i = 0; i < count; i++) {
      periodSums[i] += even[i] + odd[i];
    }
    Arrays.fill(even, 0);
    Arrays.fill(odd, 0);
  }

  private void add(FloatBuffer x, int first, int count) {
    x.get(first * period, values, 0, count);
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
