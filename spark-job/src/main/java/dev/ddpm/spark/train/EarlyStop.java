package dev.ddpm.spark.train;

import java.util.List;

/**
 * The best loss of the held-out images so far, and whether it has been too long since. Follows from
 * the reports of the rounds alone, so a resumed run stops where an undisturbed one does.
 */
final class EarlyStop {
  private final int patience;
  private double best = Double.POSITIVE_INFINITY;
  private int since;

  /**
   * A rule, put where the rounds so far have brought it.
   *
   * @param patience validations without a new best after which to stop; 0 for never
   * @param reports of the rounds so far
   */
  EarlyStop(int patience, List<RoundReport> reports) {
    this.patience = patience;
    for (RoundReport report : reports) {
      if (report.validationLoss() != null) {
        isBest(report.validationLoss());
      }
    }
  }

  /** Takes a loss in, and tells whether it is the best so far. */
  boolean isBest(double loss) {
    if (loss < best) {
      best = loss;
      since = 0;
      return true;
    }
    since++;
    return false;
  }

  /** Whether to stop. */
  boolean isDue() {
    return patience > 0 && since >= patience;
  }
}
