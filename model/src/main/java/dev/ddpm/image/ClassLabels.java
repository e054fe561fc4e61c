package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The classes of images that a model tells apart. Class k is the k-th name, and the k-th row of the
 * embedding of classes in the network.
 *
 * @param names one per class, in the order of their numbers; empty for a model without classes
 * @param unlabelled whether the model also knows images of no class, which then is the number after
 *     the last class
 */
public record ClassLabels(List<String> names, boolean unlabelled) implements Serializable {

  /** How the row of a table says that its image is of no class. */
  public static final int NO_LABEL = -1;

  /** Of models that do not tell classes apart. */
  public static final ClassLabels NONE = new ClassLabels(List.of(), false);

  /**
   * Freezes the list.
   *
   * @throws DdpmException (user) if there is no class and images without one are known
   */
  public ClassLabels {
    names = List.copyOf(names);
    if (unlabelled && names.isEmpty()) {
      throw DdpmException.user(
          "unlabelled = true: there is no class, so there are no images without one either.");
    }
  }

  /** Classes whose names are their numbers, from 0 on, and no images without one. */
  public static ClassLabels numbered(int classes) {
    return new ClassLabels(IntStream.range(0, classes).mapToObj(Integer::toString).toList(), false);
  }

  /** Whether there is any class. */
  public boolean exist() {
    return !names.isEmpty();
  }

  /** Number of classes. */
  public int count() {
    return names.size();
  }

  /** What stands for "no class" where a class is told; empty for a model that needs one. */
  public OptionalInt noClass() {
    return unlabelled ? OptionalInt.of(count()) : OptionalInt.empty();
  }

  /** Rows of the embedding of a network that knows these: one per class, and that of no class. */
  public int rows() {
    return count() + (unlabelled ? 1 : 0);
  }
}
