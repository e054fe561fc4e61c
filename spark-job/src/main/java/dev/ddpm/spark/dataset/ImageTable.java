package dev.ddpm.spark.dataset;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.ingest.IngestJob;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The schema of an image table: a Parquet folder with one image per row, all of one size.
 *
 * <table>
 *   <caption>Columns</caption>
 *   <tr><td>{@code id}</td><td>long</td><td>0..N−1, each once</td></tr>
 *   <tr><td>{@code image}</td><td>binary</td><td>a PNG file, or the raw unsigned bytes of shape
 *       (height, width, channels)</td></tr>
 *   <tr><td>{@code height}, {@code width}, {@code channels}</td><td>int</td><td>channels is 1, 3 or
 *       4</td></tr>
 *   <tr><td>{@code label}</td><td>int</td><td>class, or null</td></tr>
 *   <tr><td>{@code source}</td><td>string</td><td>where the image came from</td></tr>
 * </table>
 *
 * A table by another program may lack {@code label} and {@code source}, have integers of any width,
 * and images of any format that {@link dev.ddpm.image.ImageCodec} decodes.
 *
 * <p>A table of {@link IngestJob} also has a {@link TableDescription} in {@value
 * TableDescription#FILE_NAME}; the leading underscore hides it from Parquet readers.
 */
public final class ImageTable {
  public static final String ID = "id";
  public static final String IMAGE = "image";
  public static final String HEIGHT = "height";
  public static final String WIDTH = "width";
  public static final String CHANNELS = "channels";
  public static final String LABEL = "label";
  public static final String SOURCE = "source";

  private static final Set<String> OPTIONAL = Set.of(LABEL, SOURCE);
  private static final List<DataType> INTEGERS =
      List.of(DataTypes.ByteType, DataTypes.ShortType, DataTypes.IntegerType, DataTypes.LongType);

  private ImageTable() {}

  /** The columns in their order. */
  public static StructType schema() {
    return new StructType(
        new StructField[] {
          required(ID, DataTypes.LongType),
          required(IMAGE, DataTypes.BinaryType),
          required(HEIGHT, DataTypes.IntegerType),
          required(WIDTH, DataTypes.IntegerType),
          required(CHANNELS, DataTypes.IntegerType),
          new StructField(LABEL, DataTypes.IntegerType, true, Metadata.empty()),
          required(SOURCE, DataTypes.StringType)
        });
  }

  private static StructField required(String name, DataType type) {
    return new StructField(name, type, false, Metadata.empty());
  }

  /**
   * Checks that a table has the columns that are needed, in types that hold their values. More
   * columns, another order, other nullability and other widths of integers are allowed; label and
   * source may be absent.
   *
   * @throws DdpmException (data) naming the first column that is missing or of another type
   */
  static void check(StructType found, String table) {
    List<String> names = Arrays.asList(found.fieldNames());
    for (StructField column : schema().fields()) {
      if (!names.contains(column.name())) {
        if (OPTIONAL.contains(column.name())) {
          continue;
        }
        throw DdpmException.data(
            "The image table %s has no column '%s': it has %s, but needs %s.%s",
            table, column.name(), String.join(", ", names), needed(), remedy(table));
      }
      DataType type = found.apply(column.name()).dataType();
      if (!column.name().equals(SOURCE) && !holds(column.dataType(), type)) {
        throw DdpmException.data(
            "Column '%s' of the image table %s is of type %s, but must be %s.%s",
            column.name(), table, type.sql(), allowed(column.dataType()), remedy(table));
      }
    }
  }

  /** A sentence, to follow another, that says how a table becomes one that can be used. */
  static String remedy(String table) {
    return " To prepare it: ddpm ingest --source table --output NEW-TABLE " + table;
  }

  /** The columns of a table that was checked, in the types of {@link #schema()}, and the others. */
  static Dataset<Row> inItsTypes(Dataset<Row> table) {
    Dataset<Row> same = table;
    for (StructField column : schema().fields()) {
      if (!Arrays.asList(table.columns()).contains(column.name())) {
        same = same.withColumn(column.name(), lit(null).cast(column.dataType()));
      } else if (!table.schema().apply(column.name()).dataType().equals(column.dataType())) {
        same = same.withColumn(column.name(), col(column.name()).cast(column.dataType()));
      }
    }
    return same;
  }

  private static boolean holds(DataType wanted, DataType found) {
    return wanted.equals(DataTypes.BinaryType) ? found.equals(wanted) : INTEGERS.contains(found);
  }

  private static String allowed(DataType wanted) {
    return wanted.equals(DataTypes.BinaryType)
        ? wanted.sql()
        : INTEGERS.stream().map(DataType::sql).collect(Collectors.joining(", "));
  }

  private static String needed() {
    return Arrays.stream(schema().fields())
        .filter(field -> !OPTIONAL.contains(field.name()))
        .map(field -> field.name() + " " + field.dataType().sql())
        .collect(Collectors.joining(", "));
  }
}
