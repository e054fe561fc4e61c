package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which class each of a sequence of images has, so that the first n of them have given shares as
 * nearly as possible, whatever n is: of no class there is as much as one image more or less than
 * its share of n. The sequence does not depend on how many images are wanted, and repeats itself.
 *
 * <p>By the rule of R. Tijdeman (The chairman assignment problem, Discrete Mathematics 32, 1980):
 * of the classes that have fallen behind by a little, the next image gets the one that would be
 * behind by too much first. In whole numbers, so that it is the same everywhere; of equal classes
 * the lowest comes first, so that equal shares take turns in the order of their numbers.
 */
public final class ClassSequence implements Serializable {
  private static final long serialVersionUID = 1L;

  /** The most images after which a sequence may repeat itself. */
  public static final int LONGEST = 100_000;

  private final List<Integer> shares;
  private final int[] period;

  private ClassSequence(List<Integer> shares, int[] period) {
    this.shares = shares;
    this.period = period;
  }

  /**
   * A sequence.
   *
   * @param shares of each class, at least 0 and not all of them 0; only their ratios count
   * @throws DdpmException (user) if they have no ratios that come out within {@value #LONGEST}
   *     images
   */
  public static ClassSequence of(List<Long> shares) {
    long divisor = 0;
    for (long share : shares) {
      if (share < 0) {
        throw new IllegalArgumentException("a share of " + share);
      }
      divisor = gcd(share, divisor);
    }
    if (divisor == 0) {
      throw new IllegalArgumentException("no class has a share");
    }
    long unit = divisor;
    double length = shares.stream().mapToDouble(share -> (double) (share / unit)).sum();
    if (length > LONGEST) {
      throw DdpmException.user(
          "The shares of the classes come out only every %.0f images, but must within %d: choose"
              + " rounder numbers.",
          length, LONGEST);
    }
    List<Integer> reduced = shares.stream().map(share -> (int) (share / unit)).toList();
    return new ClassSequence(reduced, period(reduced, (int) length));
  }

  /** Equal shares: the classes take turns. */
  public static ClassSequence uniform(int classes) {
    return of(Collections.nCopies(classes, 1L));
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /**
   * Tijdeman's rule. After n images, of which class k has a_k, it lags behind its share by n·w_k/W
   * − a_k. With m classes, those that lag by 1/(2m − 2) at the next image are eligible, and of them
   * the one is next for which (1 − 1/(2m − 2) − lag)/w_k is smallest.
   */
  private static int[] period(List<Integer> shares, int length) {
    int[] classes = IntStream.range(0, shares.size()).filter(k -> shares.get(k) > 0).toArray();
    if (classes.length == length) {
      return classes;
    }
    int[] period = new int[length];
    long[] weights = IntStream.of(classes).mapToLong(shares::get).toArray();
    // Lags, in units of 1/(W·(2m − 2)).
    long[] lags = new long[classes.length];
    long parts = 2L * classes.length - 2;
    for (int n = 0; n < length; n++) {
      int next = -1;
      long least = 0;
      for (int i = 0; i < classes.length; i++) {
        lags[i] += weights[i] * parts;
        long left = length * (parts - 1) - lags[i];
        boolean eligible = lags[i] >= length;
        if (eligible && (next < 0 || left * weights[next] < least * weights[i])) {
          next = i;
          least = left;
        }
      }
      lags[next] -= length * parts;
      period[n] = classes[next];
    }
    return period;
  }

  /** Number of the class of an image. */
  public int classOf(long index) {
    return period[(int) (index % period.length)];
  }

  /** The share of each class, without a common divisor. */
  public List<Integer> shares() {
    return shares;
  }

  /** After how many images it repeats itself: the sum of the shares. */
  public int length() {
    return period.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ClassSequence sequence && shares.equals(sequence.shares);
  }

  @Override
  public int hashCode() {
    return shares.hashCode();
  }
}
