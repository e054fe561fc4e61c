package dev.ddpm.network;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * How the memory of an optimiser step is saved, at the expense of time. The gradient of a batch can
 * be computed in parts and added up, which changes no more than its rounding; and blocks can
 * compute once more in the backward pass what they would have to keep for it, which changes
 * nothing.
 *
 * @param imagesAtOnce images whose gradient is computed at a time; the last part of a batch has
 *     what is left
 * @param recomputes whether blocks compute once more what their backward pass reads
 */
public record MemorySaving(int imagesAtOnce, boolean recomputes) implements Serializable {
  /** Batches as a whole, and everything kept. */
  public static final MemorySaving NONE = new MemorySaving(Integer.MAX_VALUE, false);

  /**
   * Checks the bound.
   *
   * @throws IllegalArgumentException if there is no image at a time
   */
  public MemorySaving {
    if (imagesAtOnce < 1) {
      throw new IllegalArgumentException(imagesAtOnce + " images at a time");
    }
  }

  /**
   * Cuts batches into parts.
   *
   * @param batchSize images of a full batch; smaller ones are cut into parts of the same size
   * @param parts of a full batch, as equal as they can be made with one smaller one at the end
   * @throws DdpmException (user) if the batch has fewer images than parts
   */
  public static MemorySaving inParts(int batchSize, int parts, boolean recomputes) {
    if (parts < 1 || parts > batchSize) {
      throw DdpmException.user(
          "accumulate = %d: a batch of batch-size = %d images can be cut into 1 to %d parts.",
          parts, batchSize, batchSize);
    }
    return new MemorySaving((batchSize + parts - 1) / parts, recomputes);
  }

  /** Parts that a batch is cut into. */
  public int partsOf(int batchSize) {
    return (int) (((long) batchSize + imagesAtOnce - 1) / imagesAtOnce);
  }

  /** Whether some of these batches are cut. */
  boolean divides(Collection<Integer> batchSizes) {
    return batchSizes.stream().anyMatch(size -> size > imagesAtOnce);
  }

  /** The sizes of the parts that batches of these sizes are cut into. */
  public SortedSet<Integer> passSizes(Collection<Integer> batchSizes) {
    SortedSet<Integer> sizes = new TreeSet<>();
    for (int size : batchSizes) {
      if (size >= imagesAtOnce) {
        sizes.add(imagesAtOnce);
      }
      sizes.add(size % imagesAtOnce);
    }
    sizes.remove(0);
    return sizes;
  }
}
