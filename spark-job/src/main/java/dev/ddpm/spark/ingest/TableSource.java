package dev.ddpm.spark.ingest;

import static org.apache.spark.sql.functions.lit;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.image.Channels;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.dataset.ImageTable;
import java.io.Serializable;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A table of images by any other program, in whatever Spark reads. Columns that the user does not
 * name are recognised by the schema and by Hugging Face's metadata.
 *
 * <p>Images are numbered in the order of a key, which is the id of an image table of this project;
 * without one in that of a hash over their bytes, label and path, so that ids do not depend on how
 * the rows are ordered and cut into files.
 *
 * @param inputs files, folders, or the name of one table of Spark's catalogue
 */
public record TableSource(List<String> inputs, TableOptions options) implements ImageSource {
  private static final String KEY = "key";
  private static final String IMAGE = "image";
  private static final String LABEL = "label";
  private static final String FILE = "file";
  private static final String ROW = "row";

  /** Digits of the hash that name a row of which Spark knows neither file nor position. */
  private static final int HASH_DIGITS = 16;

  /** Copies the list. */
  public TableSource {
    inputs = List.copyOf(inputs);
  }

  @Override
  public String description() {
    return "table " + String.join(" ", inputs);
  }

  /** Those of raw pixels, or of an image table; other pictures are of any kind and become RGB. */
  @Override
  public Optional<Channels> channels(SparkSession spark) {
    return options
        .pixels()
        .flatMap(
            shape ->
                Arrays.stream(Channels.values())
                    .filter(channels -> channels.count() == shape.channels())
                    .findFirst())
        .or(() -> isOfImageTables() ? TableInput.channels(spark, inputs) : Optional.empty())
        .or(() -> Optional.of(Channels.RGB));
  }

  /** Whether the column of the images is the one that a description is of, if there is one. */
  private boolean isOfImageTables() {
    return options.image().orElse(ImageTable.IMAGE).equals(ImageTable.IMAGE)
        && options.format().orElse(TableFiles.PARQUET).equalsIgnoreCase(TableFiles.PARQUET);
  }

  @Override
  public SourceImages read(SparkSession spark, Preparation preparation) {
    TableInput input = TableInput.open(spark, inputs, options);
    Dataset<Row> chosen = options.where().map(w -> where(input.rows(), w)).orElse(input.rows());
    TableColumns columns =
        new TableColumns(chosen, String.join(", ", inputs), options, input.features());
    TableColumns.Found image = columns.image();
    StoredImages images = columns.images(image);
    Optional<TableColumns.Found> label = columns.label();
    Optional<TableColumns.Found> key = columns.key(input.described().key());
    StoredLabels labels = label.map(columns::labels).orElseGet(StoredLabels.None::new);
    Reader reader =
        new Reader(
            input.root(),
            key.map(TableColumns.Found::name).orElse(null),
            images,
            labels,
            preparation);
    Dataset<Row> candidates =
        chosen
            .select(
                key.map(TableSource::key).orElse(lit(null)).as(KEY),
                image.column().as(IMAGE),
                label.map(TableColumns.Found::column).orElse(lit(null)).as(LABEL),
                metadata(chosen, "file_path").orElse(lit(null)).as(FILE),
                metadata(chosen, "row_index").orElse(lit(null)).as(ROW))
            .map((MapFunction<Row, Row>) reader::candidate, Encoders.row(Candidates.schema()));
    List<String> remarks = new ArrayList<>(input.remarks());
    options.where().ifPresent(where -> remarks.add("where " + where));
    remarks.add("images of column " + image.name() + ": " + images.description());
    remarks.add(label.map(found -> "labels of column " + found.name()).orElse("no labels"));
    remarks.add("in the order of " + key.map(found -> "column " + found.name()).orElse("content"));
    return new SourceImages(
        candidates,
        labels.names(),
        List.of(),
        List.copyOf(remarks),
        images.arePictureFiles(),
        chosen.count());
  }

  private static Dataset<Row> where(Dataset<Row> rows, String condition) {
    try {
      return rows.where(condition);
    } catch (Exception e) {
      // Spark's AnalysisException is checked, but its Scala signatures do not declare it.
      throw DdpmException.user("--where = %s: %s.", condition, TableInput.firstSentence(e));
    }
  }

  private static Column key(TableColumns.Found key) {
    return TableColumns.isInteger(key.type())
        ? key.column().cast(DataTypes.LongType)
        : key.column();
  }

  /** What Spark knows of the file of a row, where it reads files. */
  private static Optional<Column> metadata(Dataset<Row> rows, String field) {
    try {
      Column metadata = rows.metadataColumn("_metadata");
      StructType known =
          (StructType) rows.select(metadata.as("known")).schema().apply("known").dataType();
      return Arrays.asList(known.fieldNames()).contains(field)
          ? Optional.of(metadata.getField(field))
          : Optional.empty();
    } catch (Exception e) {
      // A source that is no file source has no such column, which is an AnalysisException.
      return Optional.empty();
    }
  }

  /**
   * Makes candidates of rows of key, image, label, file and row.
   *
   * @param root what names of files are told without
   * @param keyColumn what the key is called; null without one
   */
  private record Reader(
      String root,
      String keyColumn,
      StoredImages images,
      StoredLabels labels,
      Preparation preparation)
      implements Serializable {

    Row candidate(Row row) {
      Object key = row.get(0);
      Object value = row.get(1);
      String file = row.getString(3);
      long position = row.isNullAt(4) ? 0 : row.getLong(4);
      String hash = key == null ? hash(value, row.get(2)) : null;
      String name = name(key, value, file, row.isNullAt(4) ? null : position, hash);
      Integer label = null;
      Supplier<RawImage> image = () -> decode(value, name);
      try {
        label = labels.of(row.get(2), name);
      } catch (DdpmException bad) {
        image =
            () -> {
              throw bad;
            };
      }
      return key instanceof Long number
          ? Candidates.ofRow("", number, name, label, image)
          : Candidates.ofRow(key == null ? hash : (String) key, position, name, label, image);
    }

    private RawImage decode(Object value, String name) {
      if (value == null) {
        throw DdpmException.data("%s has no image: it is null.", name);
      }
      return images.decode(value, name, preparation);
    }

    private String name(Object key, Object value, String file, Long position, String hash) {
      if (key != null) {
        return keyColumn + "=" + key;
      }
      String place =
          file == null ? "" : file.startsWith(root) ? file.substring(root.length()) : file;
      String number = position == null ? hash.substring(0, HASH_DIGITS) : position.toString();
      String path = value == null ? null : images.path(value);
      return place + "#" + number + (path == null ? "" : " " + path);
    }

    private String hash(Object value, Object label) {
      MessageDigest digest = Checksum.digest();
      if (value != null) {
        images.digest(value, digest);
      }
      StoredImages.update(digest, label == null ? null : String.valueOf(label));
      return HexFormat.of().formatHex(digest.digest());
    }
  }
}
