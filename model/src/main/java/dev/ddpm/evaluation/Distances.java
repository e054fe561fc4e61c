package dev.ddpm.evaluation;

import java.util.List;

/** Squared Euclidean distances of some rows to a set that is gone through block by block. */
public final class Distances {
  private Distances() {}

  /** Takes distances of one row, those to the vectors of the set in the order of their ids. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Takes distances.
     *
     * @param row the row
     * @param firstId id of the first of consecutive vectors of the set
     * @param squared the squared distances to them, from {@code from} on; only until this returns
     * @param count how many
     */
    void accept(int row, long firstId, double[] squared, int from, int count);
  }

  /**
   * Computes the distances to a block of the set, once for all listeners.
   *
   * @param firstId id of the block's first vector; the others follow
   */
  public static void scan(
      FeatureRows rows, FeatureRows block, long firstId, List<? extends Listener> listeners) {
    PairTiles.squaredDistances(
        rows,
        block,
        (row, first, values, from, count) -> {
          for (Listener listener : listeners) {
            listener.accept(row, firstId + first, values, from, count);
          }
        });
  }
}
