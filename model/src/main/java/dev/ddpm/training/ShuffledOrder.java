package dev.ddpm.training;

import java.util.stream.LongStream;

/**
 * Every row once in every epoch, in the order of a {@link RoundPlan}.
 *
 * @param plan whose order it is
 */
public record ShuffledOrder(RoundPlan plan) implements EpochOrder {

  @Override
  public LongStream positions(long epoch, long row, int label) {
    return LongStream.of(plan.order(epoch).positionOf(row));
  }

  @Override
  public int use(long epoch, long position, int label) {
    return Math.toIntExact(epoch);
  }
}
