package dev.ddpm.training;

import java.io.Serializable;
import java.util.stream.LongStream;

/**
 * Which row of a data set stands where in an epoch, which has as many positions as there are rows:
 * a pure function, in both directions, of which everybody can compute any part.
 */
public interface EpochOrder extends Serializable {

  /**
   * The positions at which a row is used, in no particular order.
   *
   * @param epoch number of the epoch
   * @param row number of the row, from 0
   * @param label class of its image, or {@link dev.ddpm.image.ClassLabels#NO_LABEL}
   */
  LongStream positions(long epoch, long row, int label);

  /** Java heap that it takes wherever it is used, in bytes; 0 if it needs no list of the rows. */
  default long heapBytes() {
    return 0;
  }

  /**
   * Tells apart the uses of one row: noise, timestep, flip and dropout are drawn anew for each.
   *
   * @param epoch number of the epoch
   * @param position a position of the epoch
   * @param label class of the image that stands there
   */
  int use(long epoch, long position, int label);
}
