package dev.ddpm.training;

import dev.ddpm.image.ClassLabels;
import dev.ddpm.random.Permutation;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * An order in which all classes have the same share of the images of every batch, however many rows
 * they have. A pure function of the seed, the epoch and the labels.
 *
 * <p>Of the N positions of an epoch those of the rows without a label, U of them, are spread evenly
 * over it: each of these rows is used once in every epoch, as if nothing were balanced. The other L
 * = N − U positions are dealt out in turns, which go on from epoch to epoch: in a turn each of the
 * C classes has one position, in an order of the turn. A class uses its rows one after the other in
 * the order of a pass, and begins the next pass when all have been used: of a class with more rows
 * than L / C an epoch uses a part and the next epoch goes on with the others; those of a smaller
 * class are used several times.
 */
public final class BalancedOrder implements EpochOrder {
  private static final long serialVersionUID = 1L;

  private final long seed;
  private final int[] classes;
  private final int[] sizes;
  private final int[] ranks;
  private final int unlabelled;

  /**
   * An order of some rows.
   *
   * @param labels class of each row, any number but {@link ClassLabels#NO_LABEL}, which means none;
   *     at least one has a class
   * @param seed of the run
   */
  public BalancedOrder(int[] labels, long seed) {
    this.seed = seed;
    this.classes =
        Arrays.stream(labels)
            .filter(label -> label != ClassLabels.NO_LABEL)
            .distinct()
            .sorted()
            .toArray();
    if (classes.length == 0) {
      throw new IllegalArgumentException("no row has a class");
    }
    this.sizes = new int[classes.length];
    this.ranks = new int[labels.length];
    int without = 0;
    for (int row = 0; row < labels.length; row++) {
      ranks[row] = labels[row] == ClassLabels.NO_LABEL ? without++ : sizes[number(labels[row])]++;
    }
    this.unlabelled = without;
  }

  /** How many classes there are. */
  public int classes() {
    return classes.length;
  }

  /** Rows of the smallest class. */
  public int smallest() {
    return Arrays.stream(sizes).min().orElseThrow();
  }

  /** Rows of the largest class. */
  public int largest() {
    return Arrays.stream(sizes).max().orElseThrow();
  }

  /** Positions that a class has in an epoch, rounded to the nearest whole number. */
  public long share() {
    return Math.round((double) labelled() / classes.length);
  }

  @Override
  public long heapBytes() {
    return heapBytesOf(ranks.length);
  }

  /** What {@link #heapBytes} is of an order of so many images that are trained on. */
  public static long heapBytesOf(long images) {
    return Integer.BYTES * images;
  }

  private int number(int label) {
    int number = Arrays.binarySearch(classes, label);
    if (number < 0) {
      throw new IllegalArgumentException("no row has the class " + label);
    }
    return number;
  }

  private long rows() {
    return ranks.length;
  }

  private long labelled() {
    return rows() - unlabelled;
  }

  @Override
  public LongStream positions(long epoch, long row, int label) {
    int rank = ranks[Math.toIntExact(row)];
    if (label == ClassLabels.NO_LABEL) {
      long place = Permutation.of(seed, epoch, unlabelled).positionOf(rank);
      return LongStream.of(((place + 1) * rows() + unlabelled - 1) / unlabelled - 1);
    }
    int number = number(label);
    long size = sizes[number];
    long first = epoch * labelled();
    long last = first + labelled() - 1;
    return LongStream.rangeClosed(first / classes.length / size, last / classes.length / size)
        .map(
            pass -> {
              long turn = pass * size + rowsOf(number, pass).positionOf(rank);
              return turn * classes.length + turn(turn).positionOf(number);
            })
        .filter(dealt -> dealt >= first && dealt <= last)
        .map(dealt -> (dealt - first) * rows() / labelled());
  }

  @Override
  public int use(long epoch, long position, int label) {
    if (label == ClassLabels.NO_LABEL) {
      return Math.toIntExact(epoch);
    }
    long before = (position * labelled() + rows() - 1) / rows();
    long turn = (epoch * labelled() + before) / classes.length;
    return Math.toIntExact(turn / sizes[number(label)]);
  }

  /** The order of the classes in a turn. Even numbers of the stream are those of passes. */
  private Permutation turn(long turn) {
    return Permutation.of(seed, Stream.CLASS_ORDER, 2 * turn + 1, classes.length);
  }

  /** The order of the rows of a class in a pass. */
  private Permutation rowsOf(int number, long pass) {
    return Permutation.of(
        seed, Stream.CLASS_ORDER, 2 * (pass * classes.length + number), sizes[number]);
  }
}
