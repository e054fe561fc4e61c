package dev.ddpm.backend.cpu.vector;

import java.nio.FloatBuffer;

/**
 * What is done alike to all rows of a matrix, a few rows at a time in arrays: rows are short, and
 * reaching for memory once or twice for each would take longer than the work.
 */
final class RowLoops {
  /** Values that are read at once: 16 KiB. */
  private static final int READ = 1 << 12;

  private float[] left = new float[READ];
  private float[] right = new float[READ];
  private float[] both = new float[2 * READ];

  /** Adds a vector to every row: repeated, so that one loop goes through all rows of a chunk. */
  void add(FloatBuffer vector, FloatBuffer y, int rows, int columns) {
    int most = Math.min(prepare(columns, 0), rows);
    vector.get(0, right, 0, columns);
    for (int i = columns; i < most * columns; i++) {
      right[i] = right[i - columns];
    }
    for (int row = 0; row < rows; row += most) {
      int count = Math.min(most, rows - row) * columns;
      y.get(row * columns, left, 0, count);
      FloatVectors.add(right, left, 0, count);
      y.put(row * columns, left, 0, count);
    }
  }

  /** Joins the rows of two matrices. */
  void concatenate(
      FloatBuffer a,
      int leftColumns,
      FloatBuffer b,
      int rightColumns,
      FloatBuffer joined,
      int rows) {
    int most = prepare(leftColumns, rightColumns);
    int columns = leftColumns + rightColumns;
    for (int row = 0; row < rows; row += most) {
      int count = Math.min(most, rows - row);
      a.get(row * leftColumns, left, 0, count * leftColumns);
      b.get(row * rightColumns, right, 0, count * rightColumns);
      for (int i = 0; i < count; i++) {
        System.arraycopy(left, i * leftColumns, both, i * columns, leftColumns);
        System.arraycopy(right, i * rightColumns, both, i * columns + leftColumns, rightColumns);
      }
      joined.put(row * columns, both, 0, count * columns);
    }
  }

  /** The opposite of {@link #concatenate}. */
  void split(
      FloatBuffer joined,
      FloatBuffer a,
      int leftColumns,
      FloatBuffer b,
      int rightColumns,
      int rows) {
    int most = prepare(leftColumns, rightColumns);
    int columns = leftColumns + rightColumns;
    for (int row = 0; row < rows; row += most) {
      int count = Math.min(most, rows - row);
      joined.get(row * columns, both, 0, count * columns);
      for (int i = 0; i < count; i++) {
        System.arraycopy(both, i * columns, left, i * leftColumns, leftColumns);
        System.arraycopy(both, i * columns + leftColumns, right, i * rightColumns, rightColumns);
      }
      a.put(row * leftColumns, left, 0, count * leftColumns);
      b.put(row * rightColumns, right, 0, count * rightColumns);
    }
  }

  /** Rows that are worked on at once, for which there is room. */
  private int prepare(int leftColumns, int rightColumns) {
    int longest = Math.max(leftColumns, rightColumns);
    if (left.length < longest) {
      left = new float[longest];
      right = new float[longest];
      both = new float[2 * longest];
    }
    return Math.max(1, READ / longest);
  }
}
