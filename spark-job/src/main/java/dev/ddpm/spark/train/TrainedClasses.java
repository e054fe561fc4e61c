package dev.ddpm.spark.train;

import static java.util.stream.Collectors.toSet;
import static org.apache.spark.sql.functions.col;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import dev.ddpm.spark.config.ClassesChoice;
import dev.ddpm.spark.dataset.ImageTable;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/** The classes that a network is trained to tell apart, and how people are told of them. */
final class TrainedClasses {
  /** Names that a message has room for. */
  private static final int NAMED = 5;

  private TrainedClasses() {}

  /**
   * The classes of a table, and that of no class, as which images without a label are trained.
   *
   * @param table path, for messages
   * @return {@link ClassLabels#NONE} if the choice is none
   * @throws DdpmException (user) if the table has no labels, or too many; (data) if some of them
   *     are no classes
   */
  static ClassLabels of(ClassesChoice choice, ImageTableReader reader, String table) {
    if (choice == ClassesChoice.NONE) {
      return ClassLabels.NONE;
    }
    ImageTableReader.LabelRange range =
        reader
            .labels()
            .orElseThrow(
                () ->
                    DdpmException.user(
                        "model.classes = labels: no image of the table %s has a label; ingest it"
                            + " with labels, or set model.classes = none.",
                        table));
    List<String> names = reader.labelNames();
    if (range.least() < 0) {
      throw DdpmException.data(
          "The image table %s has the label %d: classes are numbers from 0 on.",
          table, range.least());
    }
    if (!names.isEmpty() && range.greatest() >= names.size()) {
      throw DdpmException.data(
          "The image table %s has the label %d, but names only for the classes 0 to %d.",
          table, range.greatest(), names.size() - 1);
    }
    if (Math.max(range.greatest(), names.size() - 1) >= Architecture.MOST_CLASSES - 1) {
      throw DdpmException.user(
          "model.classes = labels: the labels of the image table %s go up to %d; at most %d classes"
              + " are possible.",
          table, range.greatest(), Architecture.MOST_CLASSES - 1);
    }
    return new ClassLabels(
        names.isEmpty() ? ClassLabels.numbered(range.greatest() + 1).names() : names,
        /* unlabelled= */ true);
  }

  /** How many there are, and the names of the first, such as {@code 2 classes (bag, boot)}. */
  static String told(ClassLabels classes) {
    return told(classes.names());
  }

  /** The same of some of them. */
  static String told(List<String> names) {
    return String.format(
        Locale.ROOT,
        "%,d %s (%s%s)",
        names.size(),
        names.size() == 1 ? "class" : "classes",
        String.join(", ", names.subList(0, Math.min(NAMED, names.size()))),
        names.size() > NAMED ? ", …" : "");
  }

  /** The names of classes that no image of the table is of, in their order. */
  static List<String> withoutImages(ClassLabels classes, ImageTableReader reader) {
    if (!classes.exist()) {
      return List.of();
    }
    Set<Integer> seen =
        reader
            .table()
            .select(ImageTable.LABEL)
            .where(col(ImageTable.LABEL).isNotNull())
            .distinct()
            .collectAsList()
            .stream()
            .map(row -> row.getInt(0))
            .collect(toSet());
    return IntStream.range(0, classes.count())
        .filter(number -> !seen.contains(number))
        .mapToObj(classes.names()::get)
        .toList();
  }
}
