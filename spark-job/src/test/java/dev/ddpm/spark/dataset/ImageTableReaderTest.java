package dev.ddpm.spark.dataset;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import scala.reflect.ClassTag$;

class ImageTableReaderTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  /** Four images of 2×3×1, the third one raw, the others PNG. */
  private static Dataset<Row> table() {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      byte[] pixels = {(byte) i, 1, 2, 3, 4, (byte) 255};
      byte[] png = ImageCodec.encodePng(new RawImage(2, 3, 1, pixels));
      rows.add(
          RowFactory.create(
              (long) i, i == 2 ? pixels : png, 2, 3, 1, i == 3 ? null : i, "image " + i));
    }
    return SPARK.session().createDataFrame(rows, ImageTable.schema());
  }

  private String write(Dataset<Row> table) {
    String path = folder.resolve("table").toString();
    table.write().parquet(path);
    return path;
  }

  private static ImageTableReader open(String path) {
    return ImageTableReader.open(SPARK.session(), path);
  }

  private void assertRefused(Dataset<Row> table, String... message) {
    String path = write(table);
    assertThatThrownBy(() -> open(path))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContainingAll(message);
  }

  private static Column forId(long id, Object value, String column) {
    return when(col("id").equalTo(id), lit(value)).otherwise(col(column));
  }

  @Test
  void givesEveryRowDecoded() {
    ImageTableReader reader = open(write(table()));

    assertThat(reader.images()).isEqualTo(4);
    assertThat(reader.height()).isEqualTo(2);
    assertThat(reader.width()).isEqualTo(3);
    assertThat(reader.channels()).isEqualTo(1);
    assertThat(reader.labelNames()).isEmpty();
    List<ImageRow> rows = new ArrayList<>(reader.rows().collect());
    rows.sort(Comparator.comparingLong(ImageRow::id));
    assertThat(rows).hasSize(4);
    for (int i = 0; i < 4; i++) {
      assertThat(rows.get(i).id()).isEqualTo(i);
      assertThat(rows.get(i).pixels()).containsExactly((byte) i, 1, 2, 3, 4, (byte) 255);
      assertThat(rows.get(i).label()).isEqualTo(i == 3 ? null : Integer.valueOf(i));
    }
  }

  @Test
  void rowsSurviveEverySerializer() {
    SerializerInstance kryo =
        new KryoSerializer(SPARK.session().sparkContext().getConf()).newInstance();
    for (Integer label : new Integer[] {null, 7}) {
      ImageRow row = new ImageRow(1L << 40, new byte[] {1, -2}, label);

      ImageRow back =
          kryo.deserialize(
              kryo.serialize(row, ClassTag$.MODULE$.apply(ImageRow.class)),
              ClassTag$.MODULE$.apply(ImageRow.class));

      assertThat(back.id()).isEqualTo(row.id());
      assertThat(back.pixels()).isEqualTo(row.pixels());
      assertThat(back.label()).isEqualTo(label);
    }
  }

  @Test
  void readsTheImagesThatComeWithTheProject() throws IOException {
    ImageTableReader reader = open("data/fashion-mnist-10k");

    assertThat(reader.images()).isEqualTo(10_000);
    assertThat(reader.channels()).isEqualTo(1);
    assertThat(reader.labelNames()).hasSize(10).startsWith("t-shirt").endsWith("ankle boot");
    assertThat(reader.table().groupBy("label").count().filter("count between 900 and 1100").count())
        .isEqualTo(10);
    byte[] source;
    try (var in = new GZIPInputStream(Files.newInputStream(Path.of(Files64.IMAGES)))) {
      source = in.readAllBytes();
    }
    List<ImageRow> first = reader.rows().filter(row -> row.id() < 64).collect();
    assertThat(first)
        .hasSize(64)
        .allSatisfy(
            row ->
                assertThat(row.pixels())
                    .isEqualTo(
                        Arrays.copyOfRange(
                            source, 16 + (int) row.id() * 784, 16 + (int) row.id() * 784 + 784)));
  }

  @Test
  void acceptsMoreColumnsInAnotherOrder() {
    Dataset<Row> table =
        table()
            .select(
                lit("x").as("extra"),
                col("source"),
                col("label"),
                col("channels"),
                col("width"),
                col("height"),
                col("image"),
                col("id"));

    assertThat(open(write(table)).rows().count()).isEqualTo(4);
  }

  @Test
  void namesAMissingColumn() {
    assertRefused(
        table().drop("height"),
        "has no column 'height': it has id, image, width, channels, label, source, but needs id"
            + " BIGINT, image BINARY, height INT, width INT, channels INT. To prepare it: ddpm"
            + " ingest --source table --output NEW-TABLE /");
  }

  @Test
  void namesAColumnOfTheWrongType() {
    assertRefused(
        table().withColumn("id", col("id").cast("string")),
        "Column 'id' of the image table",
        "is of type STRING, but must be TINYINT, SMALLINT, INT, BIGINT. To prepare it: ddpm ingest"
            + " --source table --output NEW-TABLE /");
  }

  @Test
  void namesALabelOfTheWrongType() {
    assertRefused(
        table().withColumn("label", lit("cat")),
        "Column 'label' of the image table",
        "is of type STRING, but must be TINYINT, SMALLINT, INT, BIGINT. To prepare it: ddpm"
            + " ingest");
  }

  @Test
  void refusesClassesThatAreNoInts() {
    assertRefused(
        table().withColumn("label", lit(1L << 40)),
        "Column 'label' of the image table",
        "goes from 1099511627776 to 1099511627776: classes are numbers of 32 bits.");
  }

  @Test
  void takesWhatOtherProgramsWrite() {
    Dataset<Row> foreign =
        table()
            .select(
                col("id").cast("int"),
                col("image"),
                col("height").cast("bigint"),
                col("width").cast("bigint"),
                col("channels").cast("tinyint"));

    ImageTableReader reader = open(write(foreign));

    assertThat(reader.imageShape()).isEqualTo(new ImageShape(2, 3, 1));
    assertThat(reader.rows().collect())
        .hasSize(4)
        .allSatisfy(
            row -> {
              assertThat(row.pixels()).containsExactly((byte) row.id(), 1, 2, 3, 4, (byte) 255);
              assertThat(row.label()).isNull();
            });
    // The same images have the same identity, whatever the types of their columns.
    assertThat(reader.fingerprint()).isEqualTo(TableFingerprint.of(table()));
  }

  @Test
  void takesASingleFile() throws IOException {
    String path = write(table().coalesce(1));
    try (var files = Files.newDirectoryStream(Path.of(path), "part-*.parquet")) {
      assertThat(open(files.iterator().next().toString()).images()).isEqualTo(4);
    }
  }

  @Test
  void takesLabelsOfAnyWidth() {
    ImageTableReader reader = open(write(table().withColumn("label", col("label").cast("bigint"))));

    assertThat(reader.rows().collect())
        .extracting(ImageRow::label)
        .containsExactlyInAnyOrder(0, 1, 2, null);
  }

  @Test
  void takesPicturesOfOtherFormats() throws IOException {
    Pictures.colour(folder.resolve("a.jpg"), "jpg", 8, 8, 0x336699);
    byte[] jpeg = Files.readAllBytes(folder.resolve("a.jpg"));
    RowDecoder decoder = new RowDecoder("t", 8, 8, 3);

    ImageRow row = decoder.decode(RowFactory.create(0L, jpeg, null));

    assertThat(row.pixels()).isEqualTo(ImageCodec.decode(jpeg, "a").pixels());
    // Of the length that raw pixels of these sizes would have.
    assertThatThrownBy(
            () -> new RowDecoder("t", 1, jpeg.length, 1).decode(RowFactory.create(0L, jpeg, null)))
        .hasMessageContaining("Image 0 of the table t is 8×8×3, but its columns say");
    byte[] white = {(byte) 0xff, (byte) 0xd8, (byte) 0xff, 0, 0, 0};
    assertThat(new RowDecoder("t", 2, 1, 3).decode(RowFactory.create(0L, white, null)).pixels())
        .isEqualTo(white);
  }

  @Test
  void refusesAFolderInPlaceOfTheDescription() throws IOException {
    String path = write(table());
    Files.createDirectory(Path.of(path, "_dataset.json"));

    assertThatThrownBy(() -> open(path))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContaining("_dataset.json is a folder");
  }

  @Test
  void refusesADeltaTable() throws IOException {
    String path = write(table());
    Files.createDirectory(Path.of(path, "_delta_log"));

    assertThatThrownBy(() -> open(path))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("is a Delta table, but must be a Parquet folder. To prepare it: ");
  }

  @Test
  void refusesIdsWithAGap() {
    assertRefused(
        table().withColumn("id", forId(3, 4L, "id")),
        "has 4 rows with ids from 0 to 4: they must be 0 to 3, each once");
  }

  @Test
  void refusesIdsThatDoNotBeginAtZero() {
    assertRefused(table().filter("id > 0"), "has 3 rows with ids from 1 to 3");
  }

  @Test
  void refusesIdsThatOccurTwice() {
    assertRefused(
        table().withColumn("id", forId(2, 1L, "id")), "has 2 rows of id 1: ids must be 0 to 3");
  }

  @Test
  void refusesRowsWithoutId() {
    assertRefused(
        table().withColumn("id", when(col("id").notEqual(1), col("id"))),
        "has 1 rows without an id");
  }

  @Test
  void refusesDifferentSizes() {
    assertRefused(
        table().withColumn("width", forId(1, 4, "width")),
        "Column 'width' of the image table",
        "goes from 3 to 4: all images must have one size");
  }

  @Test
  void refusesImpossibleChannels() {
    assertRefused(table().withColumn("channels", lit(2)), "has images of 2 channels");
  }

  @Test
  void refusesAnEmptyTable() {
    assertRefused(table().limit(0), "is empty: at least one image is needed");
  }

  @Test
  void refusesWhatIsNoTable() throws IOException {
    assertThatThrownBy(() -> open(folder.resolve("none").toString()))
        .hasMessageMatching("The image table .*none does not exist.");
    assertThatThrownBy(() -> open(folder.toString()))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("holds no readable Parquet file");
    Files.writeString(folder.resolve("text.parquet"), "this is certainly not Parquet");
    assertThatThrownBy(() -> open(folder.toString()))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("holds no readable Parquet file");
  }

  @Test
  void refusesATableThatLostAFile() {
    String path = write(table());
    new TableDescription(5, 2, 3, 1, List.of("a"), "s", "p", 0, "c", null)
        .write(new org.apache.hadoop.fs.Path(path), new Configuration());

    assertThatThrownBy(() -> open(path))
        .hasMessageContaining("has 4 rows, but its _dataset.json says 5");
  }

  @Test
  void tellsTheNamesOfLabels() {
    String path = write(table());
    new TableDescription(4, 2, 3, 1, List.of("a", "b"), "s", "p", 0, "c", null)
        .write(new org.apache.hadoop.fs.Path(path), new Configuration());

    assertThat(open(path).labelNames()).containsExactly("a", "b");
  }

  @Test
  void refusesADescriptionThatIsNone() throws IOException {
    String path = write(table());
    Files.writeString(Path.of(path, "_dataset.json"), "{");

    assertThatThrownBy(() -> open(path))
        .hasMessageContaining("_dataset.json is not the description of an image table");
  }

  @Test
  void refusesADescriptionThatHasChanged() throws IOException {
    String path = write(table());
    new TableDescription(4, 2, 3, 1, List.of("a", "b"), "s", "p", 0, "c", null)
        .write(new org.apache.hadoop.fs.Path(path), new Configuration());
    Path file = Path.of(path, "_dataset.json");
    Files.writeString(file, Files.readString(file).replace("\"a\"", "\"c\""));

    assertThatThrownBy(() -> open(path)).hasMessageContaining("_dataset.json is damaged: it has");
  }

  /** Of the first two formats, which carry no digest. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'}' | '} 7' | something follows after its end",
        "'}' | '}}' | it cannot be read",
        "height\": 2 | height\": -2 | height = -2: must be at least 1",
        "count\": 4 | count\": 4.5 | count = 4.5: must be a whole number",
        "count\": 4 | count\": \"4\" | count = \"4\": must be a whole number",
        "count\": 4 | count\": 4, \"count\": 5 | Duplicate field 'count'",
        "skipped\": 0 | skipped\": -1 | skipped = -1: must be at least 0"
      })
  void refusesDamageToAnOldDescription(String from, String to, String message) throws IOException {
    String first =
        "{\"count\": 4, \"height\": 2, \"width\": 3, \"channels\": 1, \"labelNames\": [\"a\"],"
            + " \"source\": \"s\", \"preparation\": \"p\", \"skipped\": 0, \"createdBy\": \"c\"}";
    String path = write(table());
    Path file = Path.of(path, "_dataset.json");
    Files.writeString(file, first);
    assertThat(open(path).labelNames()).containsExactly("a");

    Files.writeString(file, first.replace(from, to));

    assertThatThrownBy(() -> open(path))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContaining("_dataset.json is not the description of an image table: " + message);
  }

  @Test
  void pixelsAreCheckedAsTheyAreDecoded() {
    RowDecoder decoder = new RowDecoder("t", 2, 3, 1);
    byte[] square = ImageCodec.encodePng(Pictures.even(3, 3, 1, 0));

    assertThatThrownBy(() -> decoder.decode(RowFactory.create(5L, null, null)))
        .hasMessage("Image 5 of the table t is null.");
    assertThatThrownBy(() -> decoder.decode(RowFactory.create(5L, new byte[5], null)))
        .hasMessage(
            "Image 5 of the table t is no PNG and has 5 bytes: raw pixels of 2×3×1 have 6.");
    assertThatThrownBy(() -> decoder.decode(RowFactory.create(5L, square, null)))
        .hasMessage("Image 5 of the table t is 3×3×1, but its columns say 2×3×1.");
  }
}
