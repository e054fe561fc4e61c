package dev.ddpm.spark.stored;

import static org.apache.spark.sql.functions.col;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.sampling.ClassSequence;
import dev.ddpm.spark.dataset.ImageTable;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The classes of a model that the labels of an image table stand for: those of the same name if the
 * table tells names, else of the same number.
 */
public final class TableClasses {
  private static final String FROM_TABLE = "from-table";

  private final ClassLabels labels;
  private final ImageTableReader reader;
  private final String path;

  /**
   * Classes of a table.
   *
   * @param labels of the model, at least one
   * @param path of the table, for messages
   */
  public TableClasses(ClassLabels labels, ImageTableReader reader, String path) {
    this.labels = labels;
    this.reader = reader;
    this.path = path;
  }

  /**
   * The classes that a configuration names, with those of an image table.
   *
   * @param text as {@link DrawnClasses#parse} has it, or {@code from-table TABLE}: in the shares of
   *     the labelled images of a table
   * @throws DdpmException (user) as {@link DrawnClasses#parse}; (user, data) if a table is named
   *     that cannot be read or has no labels that the model knows
   */
  public static DrawnClasses drawn(SparkSession spark, ClassLabels labels, String text) {
    String[] words = text.strip().split("\\s+", 2);
    if (!words[0].equals(FROM_TABLE)) {
      return DrawnClasses.parse(labels, text.strip());
    }
    if (!labels.exist()) {
      throw DdpmException.user("%s = %s: the model knows no classes.", DrawnClasses.KEY, text);
    }
    if (words.length < 2) {
      throw DdpmException.user(
          "%s = from-table: names no table; it is written from-table TABLE.", DrawnClasses.KEY);
    }
    return new TableClasses(labels, ImageTableReader.open(spark, words[1]), words[1]).shares();
  }

  private DrawnClasses shares() {
    List<Row> counted =
        reader
            .table()
            .where(col(ImageTable.LABEL).isNotNull())
            .groupBy(ImageTable.LABEL)
            .count()
            .collectAsList();
    if (counted.isEmpty()) {
      throw DdpmException.data("%s: no image has a label.", named());
    }
    List<Long> images = new ArrayList<>(Collections.nCopies(labels.count(), 0L));
    for (Row row : counted) {
      int number = classOf(row.getInt(0));
      images.set(number, images.get(number) + row.getLong(1));
    }
    return DrawnClasses.of(labels, rounded(images));
  }

  private String named() {
    return "%s = from-table %s".formatted(DrawnClasses.KEY, path);
  }

  /** In so many parts that a sequence comes to its end, of which no class has none. */
  private static List<Long> rounded(List<Long> images) {
    long all = images.stream().mapToLong(Long::longValue).sum();
    long parts = ClassSequence.LONGEST / 2;
    return all <= ClassSequence.LONGEST
        ? images
        : images.stream()
            .map(count -> count == 0 ? 0 : Math.max(1, Math.round((double) count / all * parts)))
            .toList();
  }

  /**
   * The class that a label stands for.
   *
   * @throws DdpmException (user) if the model does not know it
   */
  public int classOf(int label) {
    List<String> names = reader.labelNames();
    if (label >= 0 && label < names.size()) {
      int number = labels.names().indexOf(names.get(label));
      if (number >= 0) {
        return number;
      }
      throw DdpmException.user(
          "The image table %s has images of class %s, which the model does not know. It knows %s.",
          path, names.get(label), DrawnClasses.names(labels));
    }
    if (label < 0 || label >= labels.count()) {
      throw DdpmException.user(
          "The image table %s has images of class %d, but the model knows the classes 0 to %d.",
          path, label, labels.count() - 1);
    }
    return label;
  }

  /**
   * The class of an image.
   *
   * @param label that of the table, or null
   * @return its class, or what the model knows images without one by; empty if there is neither
   */
  public OptionalInt classOrNone(Integer label) {
    return label == null ? labels.noClass() : OptionalInt.of(classOf(label));
  }
}
