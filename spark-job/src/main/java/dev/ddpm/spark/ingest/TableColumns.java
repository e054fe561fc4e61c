package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;

/**
 * The columns of a foreign table that count: those that the user named, else those that its schema
 * and its metadata tell.
 *
 * @param rows the table
 * @param table what to call it in errors
 * @param options of the user
 * @param features what Hugging Face's metadata say
 */
record TableColumns(
    Dataset<Row> rows, String table, TableOptions options, HuggingFaceFeatures features) {
  /** Names that mean an image where several columns hold bytes: this project's, and Spark's. */
  private static final List<String> IMAGE_NAMES = List.of("image", "content");

  private static final String LABEL_NAME = "label";

  /**
   * The column of the images.
   *
   * @throws DdpmException (user) if the one that was named cannot hold images; (data) if none or
   *     several could be meant
   */
  Found image() {
    if (options.image().isPresent()) {
      Found found = named("--image-column", options.image().orElseThrow());
      images(found);
      return found;
    }
    List<String> candidates = features.images();
    if (candidates.isEmpty()) {
      candidates = columns(type -> !(type instanceof BinaryType) && holdsImages(type));
    }
    if (candidates.isEmpty()) {
      List<String> binary = columns(type -> type instanceof BinaryType);
      candidates = binary.stream().filter(IMAGE_NAMES::contains).limit(1).toList();
      candidates = candidates.isEmpty() ? binary : candidates;
    }
    if (candidates.size() != 1) {
      throw DdpmException.data(
          "The table %s has %s: name the column of the images by --image-column; there are %s.",
          table,
          candidates.isEmpty()
              ? "no column of a type that holds images"
              : "several columns that could hold images (" + String.join(", ", candidates) + ")",
          describedColumns());
    }
    return column(candidates.get(0));
  }

  /** How the column of the images holds them. */
  StoredImages images(Found image) {
    return StoredImages.of(image.type(), options.pixels())
        .orElseThrow(
            () ->
                DdpmException.user(
                    "--image-column = %s: is of type %s; images are BINARY, nested ARRAYs of"
                        + " numbers, STRUCT<bytes: BINARY, path: STRING>, or of the schema of"
                        + " Spark's data source image.",
                    image.name(), image.type().sql()));
  }

  /**
   * The column of the classes, if there is one.
   *
   * @throws DdpmException (user) if the one that was named cannot hold classes; (data) if several
   *     could be meant
   */
  Optional<Found> label() {
    if (options.label().isPresent()) {
      Found found = named("--label-column", options.label().orElseThrow());
      if (!StoredLabels.fits(found.type())) {
        throw DdpmException.user(
            "--label-column = %s: is of type %s; classes are numbers, STRING or BOOLEAN.",
            found.name(), found.type().sql());
      }
      return Optional.of(found);
    }
    List<String> classes = List.copyOf(features.classes().keySet());
    if (classes.size() > 1 && !classes.contains(LABEL_NAME)) {
      throw DdpmException.data(
          "The table %s has several columns of classes (%s): name one by --label-column.",
          table, String.join(", ", classes));
    }
    if (classes.size() == 1) {
      return Optional.of(column(classes.get(0)));
    }
    return columns(StoredLabels::fits).contains(LABEL_NAME)
        ? Optional.of(column(LABEL_NAME))
        : Optional.empty();
  }

  /** How the column of the classes holds them; for names this is one pass over the column. */
  StoredLabels labels(Found label) {
    return label.type() instanceof NumericType
        ? new StoredLabels.Numbered(features.classes().getOrDefault(label.name(), List.of()))
        : StoredLabels.Named.in(rows, label.column(), label.name());
  }

  /**
   * The column by which images are numbered, if there is one. Its values are checked in one pass
   * over it.
   *
   * @param otherwise its name if the user named none
   * @throws DdpmException (user) if it is not of integers or strings; (data) if a value is null or
   *     occurs twice
   */
  Optional<Found> key(Optional<String> otherwise) {
    return options.key().or(() -> otherwise).map(name -> checkedKey(named("--key-column", name)));
  }

  private Found checkedKey(Found key) {
    if (!isInteger(key.type()) && !(key.type() instanceof StringType)) {
      throw DdpmException.user(
          "--key-column = %s: is of type %s; a key is an integer or a STRING.",
          key.name(), key.type().sql());
    }
    Dataset<Row> keys = rows.select(key.column().as("key"));
    String missing =
        isInteger(key.type())
            ? "key is null or key not between " + Long.MIN_VALUE + " and " + Long.MAX_VALUE
            : "key is null";
    List<Row> without = keys.filter(missing).limit(1).collectAsList();
    if (!without.isEmpty()) {
      throw DdpmException.data(
          "The key %s of the table %s is %s in a row: it must be %s.",
          key.name(),
          table,
          without.get(0).get(0),
          isInteger(key.type()) ? "a number of 64 bits" : "a text");
    }
    List<Row> twice =
        keys.groupBy("key").count().filter("count > 1").orderBy("key").limit(1).collectAsList();
    if (!twice.isEmpty()) {
      throw DdpmException.data(
          "The key %s of the table %s has the value %s in %d rows: each may occur once.",
          key.name(), table, twice.get(0).get(0), twice.get(0).getLong(1));
    }
    return key;
  }

  /** Whether a type is one of whole numbers; that of unsigned ones of 64 bits is a decimal. */
  static boolean isInteger(DataType type) {
    return (type instanceof DecimalType decimal && decimal.scale() == 0)
        || type instanceof ByteType
        || type instanceof ShortType
        || type instanceof IntegerType
        || type instanceof LongType;
  }

  private boolean holdsImages(DataType type) {
    return StoredImages.of(type, options.pixels())
        .filter(way -> options.pixels().isPresent() || !(way instanceof StoredImages.Numbers))
        .isPresent();
  }

  private List<String> columns(Predicate<DataType> fitting) {
    return Arrays.stream(rows.schema().fields())
        .filter(field -> fitting.test(field.dataType()))
        .map(StructField::name)
        .toList();
  }

  private Found column(String name) {
    return named("column", "`" + name.replace("`", "``") + "`").called(name);
  }

  private Found named(String option, String name) {
    // A name of the schema is meant as it is, dots and all; else a dot leads into a struct.
    String quoted =
        columns(type -> true).contains(name) ? "`" + name.replace("`", "``") + "`" : name;
    try {
      Column column = rows.col(quoted);
      return new Found(name, column, rows.select(column).schema().fields()[0].dataType());
    } catch (Exception e) {
      // Spark's AnalysisException is checked, but its Scala signatures do not declare it.
      throw DdpmException.user(
          "%s = %s: the table %s has no such column; it has %s.",
          option, name, table, describedColumns());
    }
  }

  private String describedColumns() {
    return Arrays.stream(rows.schema().fields())
        .map(field -> field.name() + " " + field.dataType().sql())
        .collect(Collectors.joining(", "));
  }

  /**
   * A column of the table.
   *
   * @param name as the user or the schema has it
   */
  record Found(String name, Column column, DataType type) {
    Found called(String other) {
      return new Found(other, column, type);
    }
  }
}
