package dev.ddpm.spark.evaluate;

import dev.ddpm.random.Permutation;
import dev.ddpm.random.Stream;
import java.io.Serializable;
import java.util.function.LongToIntFunction;

/** Into which parts the images of a set are divided. */
interface Parts extends Serializable {

  /** What stands in the place of a part for an image that belongs to none. */
  int NONE = -1;

  /** Number of parts. */
  int count();

  /** The part of an image by its id, 0 to count − 1, or {@link #NONE}. */
  LongToIntFunction assignment();

  /**
   * Parts by chance, always the same for as many images: ids are often in an order of classes.
   *
   * @param images of the set, at least 1
   * @param first how many images the first {@code each} parts share evenly, 0 to {@code images};
   *     further parts, as many, share the rest
   * @param each parts in each of the two halves, at least 1
   */
  record Dealt(long images, long first, int each) implements Parts {

    @Override
    public int count() {
      return 2 * each;
    }

    @Override
    public LongToIntFunction assignment() {
      Permutation order = Permutation.of(0, Stream.EVALUATION_ORDER, 0, images);
      return id -> {
        long position = order.positionOf(id);
        return (int) (position < first ? position % each : each + (position - first) % each);
      };
    }
  }

  /**
   * Blocks by chance, all of the same size; what is left belongs to none.
   *
   * @param images of the set
   * @param size images of a block
   * @param count blocks
   */
  record Blocks(long images, long size, int count) implements Parts {

    @Override
    public LongToIntFunction assignment() {
      Permutation order = Permutation.of(0, Stream.EVALUATION_ORDER, 0, images);
      return id -> {
        long block = order.positionOf(id) / size;
        return block < count ? (int) block : NONE;
      };
    }
  }

  /** Parts that are listed, by the ids of the images. */
  final class Listed implements Parts {
    private static final long serialVersionUID = 1L;
    private final int[] parts;
    private final int count;

    /**
     * Takes the list.
     *
     * @param parts by id, 0 to {@code count} − 1 or {@link #NONE}
     */
    Listed(int[] parts, int count) {
      this.parts = parts;
      this.count = count;
    }

    @Override
    public int count() {
      return count;
    }

    @Override
    public LongToIntFunction assignment() {
      return id -> parts[Math.toIntExact(id)];
    }
  }
}
