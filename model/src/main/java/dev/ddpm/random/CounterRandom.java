package dev.ddpm.random;

import java.util.Objects;

/**
 * Random numbers that are a pure function of (seed, stream, index, step, element): what is drawn
 * for image 7 at step 3 is the same in every batch, partition, retry, JVM and processor.
 *
 * <p>The generator is Philox4x32-10 keyed by the seed. Its 128-bit counter holds, from the first
 * word on,
 *
 * <ol>
 *   <li>the stream in the top 4 bits, and in the other 28 the block, which is element ÷ 4,
 *   <li>the step,
 *   <li>the low word of the index,
 *   <li>the high word of the index.
 * </ol>
 *
 * Element i of a vector is made from word i mod 4 of its block alone, so it depends neither on the
 * length of the vector nor on where it is written. Scalars use the first two words of block 0.
 *
 * <p>A vector has at most 2^30 elements: any array of floats up to 4 GiB.
 */
public final class CounterRandom {
  private static final int STREAM_SHIFT = 28;
  private static final int MAXIMUM_LENGTH = 1 << (STREAM_SHIFT + 2);
  private static final double TWO_POW_MINUS_32 = 0x1p-32;
  private static final double TWO_POW_MINUS_53 = 0x1p-53;
  private static final float TWO_POW_MINUS_24 = 0x1p-24f;

  private CounterRandom() {}

  /**
   * Standard normal numbers: the quantile of (k + 1/2) / 2^32 for a uniform 32-bit k, rounded to
   * float; none exceeds 6.34 in magnitude.
   *
   * @param seed seed of the run
   * @param stream what the numbers are for
   * @param index which image (or tensor) they are for
   * @param step which timestep (or epoch) they are for
   * @param out receives element 0 at {@code offset}
   * @param offset position of the first number
   * @param length how many numbers
   * @throws IndexOutOfBoundsException if the range does not lie in {@code out}
   */
  public static void gaussian(
      long seed, Stream stream, long index, int step, float[] out, int offset, int length) {
    checkRange(out, offset, length);
    Philox philox = new Philox();
    int end = offset + length;
    int position = offset;
    for (int block = 0; position < end; block++) {
      fillBlock(philox, seed, stream, index, step, block);
      out[position++] = normal(philox.word0);
      if (position < end) {
        out[position++] = normal(philox.word1);
      }
      if (position < end) {
        out[position++] = normal(philox.word2);
      }
      if (position < end) {
        out[position++] = normal(philox.word3);
      }
    }
  }

  /**
   * Uniform numbers in [0, 1), multiples of 2^−24; parameters as for {@link #gaussian}.
   *
   * @throws IndexOutOfBoundsException if the range does not lie in {@code out}
   */
  public static void uniform(
      long seed, Stream stream, long index, int step, float[] out, int offset, int length) {
    checkRange(out, offset, length);
    Philox philox = new Philox();
    int end = offset + length;
    int position = offset;
    for (int block = 0; position < end; block++) {
      fillBlock(philox, seed, stream, index, step, block);
      out[position++] = unit(philox.word0);
      if (position < end) {
        out[position++] = unit(philox.word1);
      }
      if (position < end) {
        out[position++] = unit(philox.word2);
      }
      if (position < end) {
        out[position++] = unit(philox.word3);
      }
    }
  }

  /** One uniform number in [0, 1), a multiple of 2^−53. */
  public static double uniform(long seed, Stream stream, long index, int step) {
    return (bits(seed, stream, index, step) >>> 11) * TWO_POW_MINUS_53;
  }

  /**
   * One uniform integer in [0, {@code bound}); no value is likelier than another by more than 2^−33
   * of its probability.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public static int uniformInt(long seed, Stream stream, long index, int step, int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound = " + bound + ": must be positive");
    }
    return (int) scale(bits(seed, stream, index, step), bound);
  }

  /** 64 uniform bits. */
  public static long bits(long seed, Stream stream, long index, int step) {
    return bits(seed, stream, index, step, 0);
  }

  /** 64 uniform bits: the first two words of a block. */
  static long bits(long seed, Stream stream, long index, int step, int block) {
    Philox philox = new Philox();
    fillBlock(philox, seed, stream, index, step, block);
    return ((long) philox.word1 << 32) | Integer.toUnsignedLong(philox.word0);
  }

  /** Maps 64 uniform bits to [0, bound), bound up to 2^62: the high half of their product. */
  static long scale(long bits, long bound) {
    return Math.multiplyHigh(bits >>> 1, bound << 1);
  }

  private static void fillBlock(
      Philox philox, long seed, Stream stream, long index, int step, int block) {
    philox.block(
        (stream.id() << STREAM_SHIFT) | block, step, (int) index, (int) (index >>> 32), seed);
  }

  /** The normal number that 32 uniform bits are mapped to. */
  static float normal(int word) {
    return (float)
        NormalQuantile.ofOffset((Integer.toUnsignedLong(word) + 0.5) * TWO_POW_MINUS_32 - 0.5);
  }

  private static float unit(int word) {
    return (word >>> 8) * TWO_POW_MINUS_24;
  }

  private static void checkRange(float[] out, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, out.length);
    if (length > MAXIMUM_LENGTH) {
      throw new IndexOutOfBoundsException(
          "length = " + length + ": a vector has at most " + MAXIMUM_LENGTH + " elements");
    }
  }
}
