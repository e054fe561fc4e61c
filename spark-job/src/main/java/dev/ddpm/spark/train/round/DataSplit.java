package dev.ddpm.spark.train.round;

import dev.ddpm.random.Permutation;
import dev.ddpm.random.Stream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Which images of a table are trained on, which are held out to validate, and which cannot be used.
 * The held-out ones are drawn by {@link Stream#SPLIT}; both kinds are numbered without gaps. A pure
 * function of its arguments, computed wherever it is needed.
 */
public final class DataSplit implements Serializable {
  private static final long serialVersionUID = 1L;

  private final long images;
  private final long[] bad;
  private final long heldOut;
  private final long seed;
  private transient Permutation order;

  /**
   * Draws nothing yet: that is done when the first row is asked for.
   *
   * @param images number of images in the table, with ids 0..images−1
   * @param bad ids of those that cannot be used, ascending
   * @param heldOutFraction share of the others that are held out, in [0, 1)
   * @param seed of the draw
   */
  public DataSplit(long images, long[] bad, double heldOutFraction, long seed) {
    this.images = images;
    this.bad = bad.clone();
    this.heldOut = Math.round((images - bad.length) * heldOutFraction);
    this.seed = seed;
  }

  /** Number of images in the table. */
  long images() {
    return images;
  }

  /** Number of images that cannot be used. */
  public long unusable() {
    return bad.length;
  }

  /** Number of images that are held out. */
  public long heldOut() {
    return heldOut;
  }

  /** Number of images that are trained on. */
  public long training() {
    return images - bad.length - heldOut;
  }

  /** Whether an image can be used. */
  public boolean isUsable(long id) {
    return Arrays.binarySearch(bad, id) < 0;
  }

  /** The number 0..training−1 of an image that is trained on; empty for any other. */
  public OptionalLong trainingRow(long id) {
    long position = position(id);
    return position < heldOut ? OptionalLong.empty() : OptionalLong.of(position - heldOut);
  }

  /** The number 0..heldOut−1 of an image that is held out; empty for any other. */
  public OptionalLong heldOutRow(long id) {
    long position = position(id);
    return position >= 0 && position < heldOut ? OptionalLong.of(position) : OptionalLong.empty();
  }

  /** Position in the drawn order, of which the first are held out; −1 for an unusable image. */
  private long position(long id) {
    int insertion = Arrays.binarySearch(bad, id);
    if (insertion >= 0) {
      return -1;
    }
    long usable = id + insertion + 1;
    if (heldOut == 0) {
      return usable;
    }
    if (order == null) {
      order = Permutation.of(seed, Stream.SPLIT, 0, images - bad.length);
    }
    return order.positionOf(usable);
  }
}
