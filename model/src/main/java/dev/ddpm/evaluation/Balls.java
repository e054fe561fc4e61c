package dev.ddpm.evaluation;

/**
 * In how many balls of a set each of some rows lies: around each vector of the set a ball that
 * reaches to its k-th nearest neighbour in the set, the surface included. The union of the balls
 * stands for where the set is, as in precision and recall (Kynkäänniemi et al., arXiv 1904.06991),
 * their number for how dense it is there, as in density and coverage (Naeem et al., arXiv
 * 2002.09797).
 */
public final class Balls implements Distances.Listener {
  private final double[] squaredRadii;
  private final long[] around;

  /**
   * Nothing counted yet.
   *
   * @param rows how many rows
   * @param squaredRadii of the balls, by the ids of the vectors that they are around
   */
  public Balls(int rows, double[] squaredRadii) {
    this.squaredRadii = squaredRadii;
    this.around = new long[rows];
  }

  @Override
  public void accept(int row, long firstId, double[] squared, int from, int count) {
    int first = Math.toIntExact(firstId);
    int inside = 0;
    for (int j = 0; j < count; j++) {
      inside += squared[from + j] <= squaredRadii[first + j] ? 1 : 0;
    }
    around[row] += inside;
  }

  /** Balls in which each row lies. */
  public long[] around() {
    return around.clone();
  }
}
