package dev.ddpm.spark.dataset;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.ingest.IngestJob;
import java.util.Arrays;
import java.util.stream.Collectors;
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
 * A table of {@link IngestJob} also has a {@link TableDescription} in {@value
 * TableDescription#FILE_NAME}; the leading underscore hides it from Parquet readers.
 */
public final class ImageTable {
  static final String ID = "id";
  public static final String IMAGE = "image";
  public static final String HEIGHT = "height";
  public static final String WIDTH = "width";
  public static final String CHANNELS = "channels";
  public static final String LABEL = "label";
  public static final String SOURCE = "source";

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
   * Checks that a table has every column in its type. More columns, another order and other
   * nullability are allowed.
   *
   * @throws DdpmException (data) naming the first column that is missing or of another type
   */
  static void check(StructType found, String table) {
    for (StructField column : schema().fields()) {
      if (!Arrays.asList(found.fieldNames()).contains(column.name())) {
        throw DdpmException.data(
            "The image table %s has no column '%s': it has %s, but needs %s.",
            table,
            column.name(),
            String.join(", ", found.fieldNames()),
            Arrays.stream(schema().fields())
                .map(field -> field.name() + " " + field.dataType().sql())
                .collect(Collectors.joining(", ")));
      }
      DataType type = found.apply(column.name()).dataType();
      if (!type.equals(column.dataType())) {
        throw DdpmException.data(
            "Column '%s' of the image table %s is of type %s, but must be %s.",
            column.name(), table, type.sql(), column.dataType().sql());
      }
    }
  }
}
