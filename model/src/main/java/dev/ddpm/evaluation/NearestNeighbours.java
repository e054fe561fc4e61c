package dev.ddpm.evaluation;

import java.util.Arrays;

/**
 * The nearest vectors of a set to each of some rows. Distances are Euclidean and kept squared. Of
 * equally near vectors, those that came first stay.
 */
public final class NearestNeighbours implements Distances.Listener {
  private final int kept;
  private final long firstRow;

  /** Squared distances of each row, ascending; infinite where there is none yet. */
  private final double[] squared;

  private final long[] ids;

  private NearestNeighbours(int rows, int kept, long firstRow) {
    this.kept = kept;
    this.firstRow = firstRow;
    this.squared = new double[rows * kept];
    this.ids = new long[rows * kept];
    Arrays.fill(squared, Double.POSITIVE_INFINITY);
    Arrays.fill(ids, -1);
  }

  /**
   * Neighbours in another set.
   *
   * @param rows how many rows
   * @param kept neighbours of each, at least 1
   */
  public static NearestNeighbours in(int rows, int kept) {
    return new NearestNeighbours(rows, kept, -1);
  }

  /**
   * Neighbours in the set that the rows are themselves part of: a row is not its own neighbour.
   *
   * @param firstRow id of the first row; the others follow
   */
  public static NearestNeighbours within(int rows, int kept, long firstRow) {
    return new NearestNeighbours(rows, kept, firstRow);
  }

  @Override
  public void accept(int row, long firstId, double[] values, int from, int count) {
    long self = firstRow < 0 ? -1 : firstRow + row;
    int worst = row * kept + kept - 1;
    for (int j = 0; j < count; j++) {
      if (values[from + j] < squared[worst] && firstId + j != self) {
        insert(row, values[from + j], firstId + j);
      }
    }
  }

  private void insert(int row, double value, long id) {
    int at = row * kept + kept - 1;
    while (at > row * kept && squared[at - 1] > value) {
      squared[at] = squared[at - 1];
      ids[at] = ids[at - 1];
      at--;
    }
    squared[at] = value;
    ids[at] = id;
  }

  /** Squared distances, those of each row in ascending order; infinite where the set has fewer. */
  public double[] squared() {
    return squared.clone();
  }

  /** Ids of the neighbours, in the same places; −1 where the set has fewer. */
  public long[] ids() {
    return ids.clone();
  }
}
