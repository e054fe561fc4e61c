package dev.ddpm.spark.train.round;

import java.io.Serializable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.PartitionPruningRDD;
import scala.runtime.AbstractFunction1;

/** The part of an epoch's rows that one round uses: one partition per worker. */
final class RoundRows {
  private RoundRows() {}

  /**
   * Selects a round.
   *
   * @param epoch rows of an epoch, in the partitions that {@link EpochRows} makes
   * @param round number of the round
   * @param workers partitions per round
   */
  static <T> JavaRDD<T> of(JavaRDD<T> epoch, int round, int workers) {
    return PartitionPruningRDD.create(
            epoch.rdd(), new Between(round * workers, (round + 1) * workers))
        .toJavaRDD();
  }

  private static final class Between extends AbstractFunction1<Object, Object>
      implements Serializable {
    private static final long serialVersionUID = 1L;
    private final int from;
    private final int until;

    Between(int from, int until) {
      this.from = from;
      this.until = until;
    }

    @Override
    public Object apply(Object partition) {
      int index = (Integer) partition;
      return index >= from && index < until;
    }
  }
}
