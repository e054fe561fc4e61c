package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.FeatureClasses;
import dev.ddpm.spark.config.Excerpt;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The classes of images as a classifier numbers them: by their names where both tell names, else by
 * their numbers.
 *
 * @param known the classes of the classifier
 * @param names those of the images, by their labels; empty if nobody tells them
 */
record KnownClasses(FeatureClasses known, List<String> names) {

  /** What the classifier does not know; empty if it knows all that there may be. */
  Optional<String> unknown() {
    if (!byName()) {
      return names.isEmpty() || names.size() == known.count()
          ? Optional.empty()
          : Optional.of("%d classes, and not %d".formatted(names.size(), known.count()));
    }
    return names.stream()
        .filter(name -> !known.names().contains(name))
        .findFirst()
        .map(
            name ->
                "the class '%s', and the classifier knows %s"
                    .formatted(name, Excerpt.of(String.join(", ", known.names()))));
  }

  /**
   * Checks that the classifier knows all.
   *
   * @param whose for the message: who has these classes
   * @throws DdpmException (user) naming one that it does not know
   */
  void requireAll(String whose) {
    unknown()
        .ifPresent(
            what -> {
              throw DdpmException.user(
                  "--extractor: is a classifier of other classes: %s has %s.", whose, what);
            });
  }

  /** Whether the classifier knows the classes, and no label is beyond them. */
  boolean knowsAll(int[] labels) {
    return unknown().isEmpty() && Arrays.stream(labels).allMatch(label -> label < classes());
  }

  /**
   * The numbers of labels.
   *
   * @param labels by image; negative for one of no class
   * @return by image; {@link ImageSet#NO_LABEL} for one of no class
   * @throws DdpmException (data) for a label beyond the classes
   */
  int[] numbers(int[] labels) {
    return Arrays.stream(labels).map(this::number).toArray();
  }

  private int number(int label) {
    if (label >= classes()) {
      throw DdpmException.data(
          "--extractor: is a classifier of the classes 0 to %d, and an image has the label %d.",
          classes() - 1, label);
    }
    return label < 0
        ? ImageSet.NO_LABEL
        : byName() ? known.names().indexOf(names.get(label)) : label;
  }

  private boolean byName() {
    return !names.isEmpty() && !known.names().isEmpty();
  }

  private int classes() {
    return byName() ? names.size() : known.count();
  }
}
