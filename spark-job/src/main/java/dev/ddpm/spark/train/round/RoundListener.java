package dev.ddpm.spark.train.round;

/** What happens after a round. */
@FunctionalInterface
public interface RoundListener {
  /**
   * A round is over.
   *
   * @param round what was done, with the averaged state
   * @return whether to go on with the next round
   */
  boolean onRound(Round round);
}
