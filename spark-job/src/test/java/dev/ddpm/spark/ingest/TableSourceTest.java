package dev.ddpm.spark.ingest;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.RawImage;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.Pictures;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tables by other writers: those of src/test/resources/tables/make.py, and Spark's own. */
class TableSourceTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final String TABLES = "src/test/resources/tables/";
  private static final ImageShape SHAPE = new ImageShape(6, 5, 3);

  @TempDir Path folder;

  /** Options as the command makes them, from pairs of a name and a value. */
  private static TableOptions options(String... pairs) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      given.put(pairs[i], pairs[i + 1]);
    }
    return new TableOptions(
        Optional.ofNullable(given.get("format")),
        given.containsKey("option") ? Map.of(given.get("option"), "true") : Map.of(),
        Optional.ofNullable(given.get("split")),
        Optional.ofNullable(given.get("where")),
        Optional.ofNullable(given.get("image")),
        Optional.ofNullable(given.get("label")),
        Optional.ofNullable(given.get("key")),
        given.containsKey("pixels") ? Optional.of(SHAPE) : Optional.empty());
  }

  private IngestResult ingest(TableSource source, BadImagePolicy bad) {
    return ingest(source, bad, Orientation.APPLY);
  }

  private IngestResult ingest(TableSource source, BadImagePolicy bad, Orientation orientation) {
    return new IngestJob(
            SPARK.session(),
            new IngestOptions(
                source,
                output(),
                new ChannelPolicy(source.channels(SPARK.session()).orElse(Channels.RGB), Rgb.WHITE),
                Optional.empty(),
                orientation,
                bad,
                OptionalLong.empty()),
            new PrintWriter(Writer.nullWriter()))
        .run();
  }

  private IngestResult ingest(String input, String... pairs) {
    return ingest(new TableSource(List.of(input), options(pairs)), BadImagePolicy.FAIL);
  }

  private String output() {
    return folder.resolve("table").toString();
  }

  private void assertRefused(
      DdpmException.Category category, String input, String[] pairs, String... message) {
    assertThatThrownBy(() -> ingest(input, pairs))
        .isInstanceOfSatisfying(
            DdpmException.class, e -> assertThat(e.category()).isEqualTo(category))
        .hasMessageContainingAll(message);
  }

  private static String[] with(String... pairs) {
    return pairs;
  }

  /** Picture i of make.py. */
  private static byte[] pixels(int i) {
    byte[] pixels = new byte[SHAPE.size()];
    for (int o = 0; o < pixels.length; o++) {
      int x = o / 3 % 5;
      pixels[o] = (byte) (37 * i + 11 * (o / 15) + 5 * x + 83 * (o % 3));
    }
    return pixels;
  }

  private static byte[] png(int i) {
    return ImageCodec.encodePng(new RawImage(6, 5, 3, pixels(i)));
  }

  /** The rows of the table that was made, in order: which picture it is and its label. */
  private List<String> pictures() {
    List<String> found = new ArrayList<>();
    for (Row row : rows()) {
      byte[] made = ImageCodec.decode(row.getAs("image"), "made").pixels();
      int picture = 0;
      while (!Arrays.equals(pixels(picture), made)) {
        assertThat(++picture).isLessThan(10);
      }
      found.add(picture + ":" + row.getAs("label"));
    }
    return found;
  }

  private List<Row> rows() {
    return SPARK.session().read().parquet(output()).orderBy("id").collectAsList();
  }

  private String write(Dataset<Row> table) {
    String path = folder.resolve("input").toString();
    table.write().parquet(path);
    return path;
  }

  private static Dataset<Row> table(StructType schema, Object[]... rows) {
    return SPARK
        .session()
        .createDataFrame(Arrays.stream(rows).map(RowFactory::create).toList(), schema);
  }

  /** Rows of name, image and label: pictures 0 to n−1. */
  private static Dataset<Row> named(int n) {
    Object[][] rows = new Object[n][];
    for (int i = 0; i < n; i++) {
      rows[i] = new Object[] {"name " + i, png(i), i % 2 == 0 ? "b" : "a"};
    }
    return table(
        new StructType().add("name", "string").add("image", "binary").add("label", "string"), rows);
  }

  // Other writers

  @Test
  void aHuggingFaceFolderNeedsNoOptions() {
    IngestResult result = ingest(TABLES + "hugging-face");

    assertThat(pictures()).containsExactlyInAnyOrder("0:0", "1:1", "2:2", "3:null", "4:1", "5:0");
    assertThat(result.table().labelNames()).containsExactly("cat", "dog", "emu");
    assertThat(result.table().source())
        .endsWith(
            "hugging-face: parquet; 1 file that is not parquet left out (README.md); split train,"
                + " without test (1 file); images of column image: picture files in a struct of"
                + " bytes and path; labels of column label; in the order of content");
    assertThat(rows())
        .extracting(row -> row.<String>getAs("source"))
        .contains(
            "data/train-00000-of-00002.parquet#0", "data/train-00001-of-00002.parquet#1 5.png");
  }

  @Test
  void splitsAreChosenByName() {
    ingest(TABLES + "hugging-face", "split", "test");
    assertThat(pictures()).containsExactlyInAnyOrder("6:0", "7:1");
  }

  @Test
  void splitsThatAreNotThere() {
    assertRefused(
        DdpmException.Category.USER,
        TABLES + "hugging-face",
        with("split", "dev"),
        "--split = dev: the input hugging-face has the splits test, train, and all takes them all");
  }

  @Test
  void allSplitsAreTaken() {
    ingest(TABLES + "hugging-face", "split", "all");

    assertThat(pictures()).hasSize(8);
  }

  @Test
  void pandasWritesFractionsForMissingIntegers() {
    ingest(TABLES + "pandas.parquet", "key", "id");

    assertThat(pictures()).containsExactly("1:null", "3:2", "0:1", "2:0");
    assertThat(rows())
        .extracting(row -> row.<String>getAs("source"))
        .containsExactly("id=2", "id=4", "id=10", "id=30");
  }

  @Test
  void namesBecomeNumbersInTheirOrder() {
    IngestResult result = ingest(TABLES + "pandas.parquet", "key", "id", "label", "species");

    assertThat(pictures()).containsExactly("1:1", "3:0", "0:2", "2:2");
    assertThat(result.table().labelNames()).containsExactly("auk", "jay", "owl");
  }

  @Test
  void fieldsOfStructsAndConditions() {
    ingest(
        TABLES + "polars.parquet",
        "image",
        "photo.raw",
        "label",
        "code",
        "where",
        "photo.year > 2019",
        "key",
        "photo.year");

    assertThat(pictures()).containsExactly("1:1", "2:4", "3:1");
  }

  @Test
  void arraysOfNumbersArePixels() {
    ingest(TABLES + "polars.parquet", "image", "nested");
    assertThat(pictures()).containsExactlyInAnyOrder("0:null", "1:null", "2:null", "3:null");
  }

  @Test
  void flatArraysAreWithTheirShape() {
    ingest(TABLES + "polars.parquet", "image", "flat", "pixels", "6x5x3");
    assertThat(pictures()).containsExactlyInAnyOrder("0:null", "1:null", "2:null", "3:null");
  }

  @Test
  void rawPixelsByDuckDb() {
    IngestResult result =
        ingest(TABLES + "duckdb.parquet", "pixels", "6x5x3", "label", "kind", "key", "nr");

    assertThat(pictures()).containsExactly("0:0", "1:1", "2:0", "3:1");
    assertThat(result.table().preparation()).isEqualTo("RGB on #ffffff");
  }

  @Test
  void onlyPictureFilesHaveAnOrientation() {
    String[] pixels = with("pixels", "6x5x3", "label", "kind", "key", "nr");
    TableSource raw = new TableSource(List.of(TABLES + "duckdb.parquet"), options(pixels));

    assertThatThrownBy(() -> ingest(raw, BadImagePolicy.FAIL, Orientation.IGNORE))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageStartingWith("--orientation = ignore: the images of table ")
        .hasMessageEndingWith(" are no picture files, in which a camera could note it.");
    named(1).createOrReplaceTempView("files");
    TableSource files = new TableSource(List.of("files"), options("key", "name"));
    assertThat(ingest(files, BadImagePolicy.FAIL, Orientation.IGNORE).table().preparation())
        .isEqualTo("as stored (orientation ignored), RGB on #ffffff");
  }

  // Spark's own

  @Test
  void readsOrcAndTheCatalogue() {
    String orc = folder.resolve("orc").toString();
    named(3).write().orc(orc);
    ingest(orc, "key", "name");
    assertThat(pictures()).containsExactly("0:1", "1:0", "2:1");
  }

  @Test
  void readsTheCatalogue() {
    named(3).createOrReplaceTempView("birds");
    IngestResult result = ingest("birds", "key", "name");

    assertThat(pictures()).containsExactly("0:1", "1:0", "2:1");
    assertThat(result.table().source()).startsWith("table birds: table of the catalogue; ");
  }

  @Test
  void readsTablesCutByFolders() {
    String input = folder.resolve("input").toString();
    named(4).write().partitionBy("label").parquet(input);

    IngestResult result = ingest(input, "key", "name");

    assertThat(pictures()).containsExactly("0:1", "1:0", "2:1", "3:0");
    assertThat(result.table().labelNames()).containsExactly("a", "b");
  }

  @Test
  void tablesCutByFoldersMayHoldOtherFilesAndAreNotCutIntoSplits() {
    String input = folder.resolve("input").toString();
    named(4).write().partitionBy("label").parquet(input);
    Pictures.bytes(folder.resolve("input/label=a/README.md"), new byte[] {1});

    assertThatThrownBy(() -> ingest(input, "key", "name", "split", "test"))
        .hasMessageStartingWith("--split = test: the input ")
        .hasMessageContaining("is cut by folders such as label=cat, and not into splits");
    assertThatThrownBy(() -> inputs(input, input + "/label=a")).hasMessageContaining("named twice");
    IngestResult result = ingest(input, "key", "name");

    assertThat(result.remarks()).contains("1 file that is not parquet left out (README.md)");
    assertThat(result.table().labelNames()).containsExactly("a", "b");
  }

  @Test
  void filesOfDifferentColumnsAreNoTableUnlessTheUserSaysSo() {
    String input = folder.resolve("input").toString();
    named(4).write().parquet(input);
    named(2).drop("label").withColumnRenamed("name", "key").write().mode("append").parquet(input);

    assertThatThrownBy(() -> ingest(input))
        .hasMessageContaining("has the columns image, ")
        .hasMessageContaining("they are no files of one table");
    assertThat(ingest(input, "option", "mergeSchema").table().count()).isEqualTo(6);
  }

  @Test
  void aFolderAboveTheTableCutsNothing() {
    String input = folder.resolve("version=1").toString();
    named(4).coalesce(1).write().parquet(input + "/train");
    named(3).coalesce(1).write().parquet(input + "/test");

    assertThat(ingest(input + "/train", "key", "name").table().count()).isEqualTo(4);
  }

  @Test
  void severalTablesCutByFoldersAreRefused() {
    String one = folder.resolve("one").toString();
    String two = folder.resolve("two").toString();
    named(2).write().partitionBy("label").parquet(one);
    named(2).write().partitionBy("label").parquet(two);

    assertThatThrownBy(() -> inputs(one, two)).hasMessageEndingWith("it must be the only input.");
  }

  @Test
  void versionedTablesBelowAFolderAreNotReadAsTheirFiles() throws IOException {
    named(2).write().parquet(folder.resolve("lake/t").toString());
    Files.createDirectories(folder.resolve("lake/t/_delta_log"));

    assertThatThrownBy(() -> inputs(folder.resolve("lake").toString()))
        .hasMessageContaining("lake/t is a table with versions");
  }

  @Test
  void anImageTableKeepsTheNamesOfItsClasses() {
    String input = folder.resolve("input").toString();
    named(4).write().parquet(input);
    ingest(input, "key", "name");
    String first = folder.resolve("first").toString();
    assertThat(folder.resolve("table").toFile().renameTo(folder.resolve("first").toFile()))
        .isTrue();

    assertThat(ingest(first).table().labelNames()).containsExactly("a", "b");
  }

  private IngestResult inputs(String... inputs) {
    return ingest(new TableSource(List.of(inputs), options("key", "name")), BadImagePolicy.FAIL);
  }

  @Test
  void sparksImagesAreBgr() {
    Pictures.bytes(folder.resolve("pictures/1.png"), png(1));
    Dataset<Row> images =
        SPARK.session().read().format("image").load(folder.resolve("pictures").toString());

    ingest(write(images));

    assertThat(pictures()).containsExactly("1:null");
  }

  @Test
  void sparksImageSourceIsAFormat() {
    Pictures.bytes(folder.resolve("pictures/1.png"), png(1));

    ingest(folder.resolve("pictures").toString(), "format", "image");

    assertThat(pictures()).containsExactly("1:null");
  }

  @Test
  void sparksBinaryFilesAreRecognised() {
    for (int i = 0; i < 3; i++) {
      Pictures.bytes(folder.resolve("pictures/" + i + ".png"), png(i));
    }
    Dataset<Row> files =
        SPARK.session().read().format("binaryFile").load(folder.resolve("pictures").toString());

    ingest(write(files), "key", "path");

    assertThat(pictures()).containsExactly("0:null", "1:null", "2:null");
  }

  // Ids

  @Test
  void idsDoNotDependOnHowTheTableIsCut() {
    Dataset<Row> six = named(6).drop("name");
    Dataset<Row> twice = six.union(six.limit(2));
    String first = ingest(write(twice.coalesce(1))).table().fingerprint();
    List<String> order = pictures();

    folder = folder.resolve("other");
    String other =
        ingest(write(twice.orderBy(col("image").desc()).repartition(3))).table().fingerprint();

    assertThat(other).isEqualTo(first);
    assertThat(pictures()).isEqualTo(order).hasSize(8);
  }

  @Test
  void keysOccurOnce() {
    Dataset<Row> three = named(3);
    assertRefused(
        DdpmException.Category.DATA,
        write(three.union(three.limit(1))),
        with("key", "name"),
        "The key name of the table ",
        " has the value name 0 in 2 rows: each may occur once.");
  }

  @Test
  void keysAreNeverNull() {
    assertRefused(
        DdpmException.Category.DATA,
        write(named(3).withColumn("name", when(col("name").notEqual("name 1"), col("name")))),
        with("key", "name"),
        "The key name of the table ",
        " is null in a row: it must be a text.");
  }

  // Bad rows

  @Test
  void badRowsAreCountedAndNamed() {
    StructType schema = new StructType().add("nr", "int").add("image", "binary").add("c", "bigint");
    String input =
        write(
            table(
                    schema,
                    new Object[] {1, png(1), 1L},
                    new Object[] {2, "text".getBytes(StandardCharsets.UTF_8), 1L},
                    new Object[] {3, null, 1L},
                    new Object[] {4, png(4), 1L << 40})
                .coalesce(1));

    TableSource source = new TableSource(List.of(input), options("key", "nr", "label", "c"));
    IngestResult result = ingest(source, new BadImagePolicy("3"));

    assertThat(pictures()).containsExactly("1:1");
    assertThat(result.skipped()).isEqualTo(3);
    assertThat(result.account().leftOut())
        .extracting(LeftOut::reason)
        .contains("has no image", "has a label that is no whole number of 32 bits");
    assertThat(result.reasons())
        .hasSize(3)
        .satisfiesExactly(
            reason -> assertThat(reason).startsWith("nr=2 is not a "),
            reason -> assertThat(reason).isEqualTo("nr=3 has no image: it is null."),
            reason ->
                assertThat(reason)
                    .isEqualTo(
                        "nr=4 has a label that is no whole number of 32 bits: 1099511627776."));
  }

  @Test
  void aRowWithoutKeyIsNamedByFileAndPosition() {
    String input =
        write(
            table(
                    new StructType().add("image", "binary"),
                    new Object[] {png(1)},
                    new Object[] {new byte[] {1, 2}})
                .coalesce(1));

    assertThatThrownBy(() -> ingest(input))
        .isInstanceOf(DdpmException.class)
        .hasMessageMatching(
            "1 of 2 images are bad, and 0 may be; the first: part-00000-.*parquet#1 is not a .*");
  }

  @Test
  void numbersThatAreNoPixels() {
    assertReason(array(lit(0.5)), "has a value that is no whole number from 0 to 255: 0.5.");
    assertReason(array(lit(256)), "has a value that is no whole number from 0 to 255: 256.0.");
    assertReason(
        array(lit(1), lit(2)), "is no array of 1 numbers or of shape 1×1×1: its shape is 2.");
    assertReason(array(lit(1), lit(null)), "is an array with null in it");
    assertReason(
        array(array(lit(1), lit(2)), array(lit(1))),
        "is a ragged array: parts of the length 2 and of the length 1 lie side by side");
  }

  private static void assertReason(org.apache.spark.sql.Column array, String... message) {
    Row row = SPARK.session().range(1).select(array.as("a")).head();
    assertThatThrownBy(
            () ->
                new StoredImages.Numbers(new ImageShape(1, 1, 1))
                    .decode(
                        row.get(0),
                        "row",
                        new Preparation(
                            Orientation.APPLY,
                            new ChannelPolicy(Channels.GREY, Rgb.WHITE),
                            Optional.empty())))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(message[message.length - 1]);
  }

  @Test
  void aPictureThatIsNotInTheTable() {
    Dataset<Row> table =
        SPARK
            .session()
            .range(1)
            .select(
                struct(lit(null).cast("binary").as("bytes"), lit("a.png").as("path")).as("image"));

    assertThatThrownBy(() -> ingest(write(table)))
        .hasMessageContaining(
            "#0 a.png has no bytes, at most a path: the picture itself must be in the table.");
  }

  // What is refused

  @Test
  void columnsThatAreNotThere() {
    String input = write(named(1));

    assertRefused(
        DdpmException.Category.USER,
        input,
        with("image", "photo"),
        "--image-column = photo: the table ",
        "has no such column; it has name STRING, image BINARY, label STRING.");
    assertRefused(
        DdpmException.Category.USER,
        input,
        with("image", "name"),
        "--image-column = name: is of type STRING; images are BINARY, nested ARRAYs of numbers,");
    assertRefused(
        DdpmException.Category.USER,
        input,
        with("label", "image"),
        "--label-column = image: is of type BINARY; classes are numbers, STRING or BOOLEAN.");
    assertRefused(
        DdpmException.Category.USER,
        input,
        with("key", "image"),
        "--key-column = image: is of type BINARY; a key is an integer or a STRING.");
    assertRefused(
        DdpmException.Category.USER, input, with("where", "nme = 1"), "--where = nme = 1: ", "nme");
    assertRefused(DdpmException.Category.USER, input, with("where", "name ="), "--where = name =:");
  }

  @Test
  void columnsThatCannotBeToldApart() {
    Dataset<Row> two = named(1).select(col("image").as("left"), col("image").as("right"));
    assertRefused(
        DdpmException.Category.DATA,
        write(two),
        with(),
        "has several columns that could hold images (left, right): name the column of the images by"
            + " --image-column; there are left BINARY, right BINARY.");
  }

  @Test
  void tablesThatAreNone() throws IOException {
    assertRefused(
        DdpmException.Category.DATA,
        folder.resolve("none").toString(),
        with(),
        "none does not exist");
    Path text = Files.writeString(folder.resolve("text.parquet"), "this is certainly not Parquet");
    assertThatThrownBy(() -> ingest(text.toString()))
        .hasStackTraceContaining("text.parquet is not a Parquet file or is damaged: ");
    assertRefused(
        DdpmException.Category.ENVIRONMENT,
        folder.toString(),
        with("format", "lance"),
        "--format = lance: Spark has no such data source on its class path; it can be added with"
            + " --conf spark.jars.packages=GROUP:NAME:VERSION.");
    Files.createDirectory(folder.resolve("empty"));
    assertRefused(
        DdpmException.Category.DATA,
        folder.resolve("empty").toString(),
        with(),
        "There is no file in the input empty.");
  }

  @Test
  void classNamesOfFilesMustAgree() {
    String json =
        "{\"info\": {\"features\": {\"x\": {\"_type\": \"ClassLabel\", \"names\": [\"a\", \"b\"]},"
            + " \"y\": {\"_type\": \"Image\"}}}}";

    assertThat(HuggingFaceFeatures.parse(json, "f"))
        .isEqualTo(new HuggingFaceFeatures(List.of("y"), Map.of("x", List.of("a", "b"))));
    assertThatThrownBy(() -> HuggingFaceFeatures.parse("{", "f"))
        .hasMessageContaining("f: its metadata 'huggingface' is damaged");
  }

  @Test
  void labelsBeyondTheNamesAreBad() {
    StoredLabels labels = new StoredLabels.Numbered(List.of("a", "b"));

    assertThat(labels.of(1L, "row")).isEqualTo(1);
    assertThat(labels.of(-1L, "row")).isNull();
    assertThatThrownBy(() -> labels.of(2L, "row"))
        .hasMessage("row has a label that is no whole number from 0 to 1: 2.");
    assertThatThrownBy(() -> new StoredLabels.Numbered(List.of()).of(0.5, "row"))
        .hasMessage("row has a label that is no whole number of 32 bits: 0.5.");
  }

  // Versions

  @Test
  void theNewestVersionOfADeltaTableIsPinned() throws IOException {
    Path log = Files.createDirectories(folder.resolve("t/_delta_log"));
    Files.writeString(log.resolve("00000000000000000002.json"), "{}");
    Files.writeString(log.resolve("00000000000000000010.json"), "{}");
    Files.writeString(log.resolve("00000000000000000002.checkpoint.parquet"), "");
    var table = new org.apache.hadoop.fs.Path(folder.resolve("t").toString());
    InputFiles access = new InputFiles(SPARK.session());

    assertThat(TableVersion.format(access, table)).contains("delta");
    assertThat(TableVersion.pin(access, table, "delta", Map.of()))
        .isEqualTo(Map.of("versionAsOf", "10"));
    assertThat(TableVersion.pin(access, table, "delta", Map.of("versionasof", "3"))).isEmpty();
    assertRefused(
        DdpmException.Category.ENVIRONMENT,
        folder.resolve("t").toString(),
        with("format", "hudi"),
        "--format = hudi: Spark has no such data source");
  }

  @Test
  void theCurrentSnapshotOfAnIcebergTableIsPinned() throws IOException {
    Path metadata = Files.createDirectories(folder.resolve("t/metadata"));
    Files.writeString(metadata.resolve("version-hint.text"), "2\n");
    Files.writeString(metadata.resolve("v1.metadata.json"), "{\"current-snapshot-id\": 5}");
    Files.writeString(
        metadata.resolve("v2.metadata.json"), "{\"current-snapshot-id\": 3051729675574597004}");
    var table = new org.apache.hadoop.fs.Path(folder.resolve("t").toString());
    InputFiles access = new InputFiles(SPARK.session());

    assertThat(TableVersion.format(access, table)).contains("iceberg");
    assertThat(TableVersion.pin(access, table, "iceberg", Map.of()))
        .isEqualTo(Map.of("snapshot-id", "3051729675574597004"));
    assertThat(TableVersion.pin(access, table, "iceberg", Map.of("snapshot-id", "5"))).isEmpty();
  }

  @Test
  void wholeNumbersOfAnyWidthAreKeys() {
    assertThat(TableColumns.isInteger(DataTypes.ByteType)).isTrue();
    assertThat(TableColumns.isInteger(DataTypes.createDecimalType(20, 0))).isTrue();
    assertThat(TableColumns.isInteger(DataTypes.createDecimalType(20, 1))).isFalse();
  }
}
