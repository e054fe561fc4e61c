package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;

/** How the values of a column are classes. */
sealed interface StoredLabels extends Serializable {

  /**
   * The class of a value.
   *
   * @param value null, or of the column's type
   * @param name what to call the row in errors
   * @return null if it has none
   * @throws DdpmException (data) if the value is no class
   */
  Integer of(Object value, String name);

  /** Name of each class; empty if they have none. */
  List<String> names();

  /** Whether the values of a column of this type can be classes. */
  static boolean fits(DataType type) {
    return type instanceof NumericType || type instanceof StringType || type instanceof BooleanType;
  }

  /** No classes. */
  record None() implements StoredLabels {
    @Override
    public Integer of(Object value, String name) {
      return null;
    }

    @Override
    public List<String> names() {
      return List.of();
    }
  }

  /**
   * Classes that are numbers already. Fractions may be whole: writers without a null for integers
   * store them so, with NaN for null.
   *
   * @param names what is known of them; −1 then means none, as in Hugging Face's data sets
   */
  record Numbered(List<String> names) implements StoredLabels {
    @Override
    public Integer of(Object value, String name) {
      if (value == null || (value instanceof Number number && Double.isNaN(number.doubleValue()))) {
        return null;
      }
      double label = ((Number) value).doubleValue();
      if (!names.isEmpty() && label == -1) {
        return null;
      }
      if (label != Math.rint(label)
          || label < Integer.MIN_VALUE
          || label > Integer.MAX_VALUE
          || (!names.isEmpty() && (label < 0 || label >= names.size()))) {
        throw DdpmException.data(
            "%s has a label that is no whole number %s: %s.",
            name, names.isEmpty() ? "of 32 bits" : "from 0 to " + (names.size() - 1), value);
      }
      return (int) label;
    }
  }

  /**
   * Classes that are names, numbered in the order of the names.
   *
   * @param names all there are, in order
   * @param numbers of each name
   */
  record Named(List<String> names, Map<String, Integer> numbers) implements StoredLabels {
    /** More names than this are no classes: they would have to fit on the driver. */
    private static final int MOST = 100_000;

    /**
     * Finds the names in a column, in one pass over it.
     *
     * @throws DdpmException (user) if there are too many
     */
    static Named in(Dataset<Row> rows, Column column, String called) {
      List<Row> distinct =
          rows.select(column.cast("string")).distinct().na().drop().limit(MOST + 1).collectAsList();
      if (distinct.size() > MOST) {
        throw DdpmException.user(
            "--label-column = %s: has more than %d different values: classes are needed.",
            called, MOST);
      }
      TreeSet<String> names = new TreeSet<>();
      distinct.forEach(row -> names.add(row.getString(0)));
      Map<String, Integer> numbers = new HashMap<>();
      names.forEach(name -> numbers.put(name, numbers.size()));
      return new Named(List.copyOf(names), numbers);
    }

    @Override
    public Integer of(Object value, String name) {
      return value == null ? null : numbers.get(String.valueOf(value));
    }
  }
}
