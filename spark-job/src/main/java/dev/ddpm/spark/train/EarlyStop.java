package dev.ddpm.spark.train;

import dev.ddpm.spark.config.ValidationConfig;
import java.util.List;

/**
 * The best figure of the held-out images so far, and whether it has been too long since. Follows
 * from the reports of the rounds alone, so a resumed run stops where an undisturbed one does.
 */
final class EarlyStop {
  private final ValidationConfig config;
  private double best = Double.POSITIVE_INFINITY;
  private int since;

  /**
   * A rule, put where the rounds so far have brought it.
   *
   * @param config what counts as the best, and for how long to wait for a better one
   * @param reports of the rounds so far
   */
  EarlyStop(ValidationConfig config, List<RoundReport> reports) {
    this.config = config;
    reports.forEach(this::isBest);
  }

  /** Takes a round in, and tells whether it is the best so far; one without the figure is not. */
  boolean isBest(RoundReport report) {
    Double figure =
        switch (config.bestBy()) {
          case LOSS -> report.validationLoss();
          case FRECHET -> report.frechet();
        };
    if (figure == null) {
      return false;
    }
    if (figure < best) {
      best = figure;
      since = 0;
      return true;
    }
    since++;
    return false;
  }

  /** Whether to stop. */
  boolean isDue() {
    return config.patience() > 0 && since >= config.patience();
  }
}
