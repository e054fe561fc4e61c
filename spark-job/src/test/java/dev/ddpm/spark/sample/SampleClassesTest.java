package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cli.Ddpm;
import dev.ddpm.spark.dataset.RawTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images of classes and under guidance: 5 steps in micro-batches of 4 and files of 8. */
class SampleClassesTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final List<String> NAMES = List.of("Trouser", "Bag", "Ankle boot");
  private static final String GUIDED = "sampling.guidance=2.0";

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;

  /** 20 guided images of two classes. */
  private static Path undisturbed;

  private final StringWriter text = new StringWriter();

  @BeforeAll
  static void sampleOnce() {
    model = TinyModel.write(shared.resolve("model"), 5, NAMES);
    undisturbed = shared.resolve("samples");
    new SampleClassesTest().sample(undisturbed, 20, GUIDED, "sampling.classes=bag=2,trouser=1");
  }

  private SampleJob.Result sample(Path output, long count, String... assignments) {
    return sample(SPARK.session(), model, output, count, assignments);
  }

  private SampleJob.Result sample(
      SparkSession spark, Path from, Path output, long count, String... assignments) {
    return new SampleJob(spark, new PrintWriter(text, true))
        .run(
            new SampleJob.Request(
                from.toString(), output.toString(), count, TinyModel.sampling(assignments)));
  }

  private static JsonNode manifest(Path output) throws IOException {
    return new JsonMapper().readTree(output.resolve("manifest.json").toFile());
  }

  private static String fingerprint(Path output) throws IOException {
    return manifest(output).get("fingerprint").asText();
  }

  private static List<Row> rows(Path output) {
    return SPARK
        .session()
        .read()
        .parquet(output.resolve("images").toString())
        .orderBy("sample_index")
        .collectAsList();
  }

  private static List<byte[]> images(Path output) {
    return rows(output).stream().map(row -> row.<byte[]>getAs("image")).toList();
  }

  @Test
  void everyRowSaysItsClassAndGuidance() {
    List<Row> rows = rows(undisturbed);

    assertThat(rows)
        .extracting(row -> row.<Integer>getAs("label"))
        .containsExactly(1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0);
    assertThat(rows)
        .extracting(row -> row.<String>getAs("label_name"))
        .startsWith("Bag", "Trouser", "Bag")
        .hasSize(20);
    assertThat(rows).extracting(row -> row.<Double>getAs("guidance")).containsOnly(2.0);
  }

  @Test
  void theManifestSaysWhatWasAskedFor() throws IOException {
    JsonNode settings = manifest(undisturbed).get("settings");

    assertThat(settings.get("sampling.classes").asText()).isEqualTo("Trouser=1,Bag=2");
    assertThat(settings.get("model_classes").asText())
        .isEqualTo("[\"Trouser\",\"Bag\",\"Ankle boot\"]");
    assertThat(settings.get("sampling.guidance").asText()).isEqualTo("2.0");
    assertThat(undisturbed.resolve("report.html"))
        .content()
        .contains("<tr><td>Trouser</td><td class=\"n\">7</td></tr>")
        .contains("<tr><td>Bag</td><td class=\"n\">13</td></tr>");
  }

  @ParameterizedTest
  @CsvSource({"local[1], 4", "local[3], 12", "'local-cluster[2,1,1024]', 8"})
  void theLayoutOfTheWorkChangesNothing(String master, int shardSize) throws IOException {
    sample(
        SPARK.session(
            master, master.startsWith("local[") ? Map.of() : LocalSpark.executorSettings("")),
        model,
        folder,
        20,
        GUIDED,
        "sampling.classes=trouser=50,bag=100",
        "sampling.shard-size=" + shardSize);

    assertThat(fingerprint(folder)).isEqualTo(fingerprint(undisturbed));
  }

  @Test
  void aRaisedCountKeepsTheSharesAndWhatIsThere() throws IOException {
    String[] settings = {GUIDED, "sampling.classes=trouser=1,bag=2"};
    sample(folder, 7, settings);
    List<byte[]> first = images(folder);
    sample(folder, 20, settings);

    assertThat(fingerprint(folder)).isEqualTo(fingerprint(undisturbed));
    assertThat(images(folder).subList(0, 7)).containsExactlyElementsOf(first);
    assertThat(text.toString()).contains("Classes: Trouser=1,Bag=2; guidance 2.0.");
  }

  @Test
  void otherClassesForTheSameFolderAreRefusedWithBothPlans() {
    sample(folder, 4);

    assertThatThrownBy(() -> sample(folder, 8, "sampling.classes=bag,trouser"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.classes: uniform → Trouser=1,Bag=1");
    assertThatThrownBy(() -> sample(folder, 8, GUIDED))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.guidance: 1.0 → 2.0");
    assertThat(sample(folder, 4, "sampling.classes=all=7").drawn()).isZero();
  }

  @Test
  void anIntervalThatTheModelNeverReachesIsRefused() {
    assertThatThrownBy(() -> sample(folder, 4, GUIDED, "sampling.guidance-interval=[100, 200]"))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "sampling.guidance-interval = [100, 200]: lies above the last timestep of the model,"
                + " 99, so that nothing would be guided.");
  }

  @Test
  void aGuideThatIsNotAskedIsTold() {
    sample(folder.resolve("a"), 4, "sampling.guidance-model=" + model);
    sample(folder.resolve("b"), 4, GUIDED, "sampling.guidance-model=" + model);

    assertThat(text.toString())
        .contains("Not guided by " + model + ": sampling.guidance = 1 is no guidance.")
        .contains("Guided by " + model + ".");
  }

  @Test
  void withoutAWordClassesTakeTurns() {
    sample(folder, 7);

    assertThat(rows(folder))
        .extracting(row -> row.<Integer>getAs("label"))
        .containsExactly(0, 1, 2, 0, 1, 2, 0);
    assertThat(text.toString())
        .contains("Classes: all 3 in equal shares (Trouser, Bag, Ankle boot); guidance 1.0.");
  }

  @Test
  void theClassDecidesTheImage() throws IOException {
    sample(folder.resolve("bags"), 4, "sampling.classes=bag");
    sample(folder.resolve("boots"), 4, "sampling.classes=2");
    sample(folder.resolve("all"), 6);

    List<byte[]> bags = images(folder.resolve("bags"));
    assertThat(bags.get(0)).isNotEqualTo(images(folder.resolve("boots")).get(0));
    assertThat(bags.get(1)).isEqualTo(images(folder.resolve("all")).get(1));
    assertThat(images(folder.resolve("boots")).get(2))
        .isEqualTo(images(folder.resolve("all")).get(2));
  }

  @Test
  void withoutGuidanceImagesAreThoseOfTheirClassAndWithZeroThoseOfNone() throws IOException {
    sample(folder.resolve("plain"), 8);
    sample(folder.resolve("one"), 8, "sampling.guidance=1");
    sample(folder.resolve("zero"), 8, "sampling.guidance=0");
    sample(folder.resolve("bags"), 8, "sampling.guidance=0", "sampling.classes=bag");
    sample(folder.resolve("never"), 8, GUIDED, "sampling.guidance-interval=[98, 98]");

    assertThat(fingerprint(folder.resolve("one"))).isEqualTo(fingerprint(folder.resolve("plain")));
    assertThat(fingerprint(folder.resolve("zero")))
        .isNotEqualTo(fingerprint(folder.resolve("one")));
    assertThat(text.toString())
        .contains("(Trouser, Bag, Ankle boot); guidance 1.0.")
        .contains("; guidance 0.0, by which no class leads an image.");
    assertThat(fingerprint(folder.resolve("bags"))).isEqualTo(fingerprint(folder.resolve("zero")));
    assertThat(fingerprint(folder.resolve("never")))
        .isEqualTo(fingerprint(folder.resolve("plain")));
  }

  @Test
  void anotherModelCanBeTheOneThatImagesAreLedAwayFrom() throws IOException {
    Path earlier = TinyModel.write(folder.resolve("earlier"), 6, NAMES);
    Path classless = TinyModel.write(folder.resolve("classless"), 7);
    sample(folder.resolve("plain"), 8);
    sample(folder.resolve("a"), 8, GUIDED, "sampling.guidance-model=" + earlier);
    sample(folder.resolve("b"), 8, GUIDED, "sampling.guidance-model=" + classless);
    sample(folder.resolve("self"), 8, GUIDED, "sampling.guidance-model=" + model);
    SparkSession spark = SPARK.session();
    sample(spark, classless, folder.resolve("c"), 8, GUIDED, "sampling.guidance-model=" + copy());

    assertThat(List.of("plain", "a", "b"))
        .extracting(name -> fingerprint(folder.resolve(name)))
        .doesNotHaveDuplicates();
    // What is led away from itself stays where it is.
    assertThat(fingerprint(folder.resolve("self"))).isEqualTo(fingerprint(folder.resolve("plain")));
    assertThat(manifest(folder.resolve("c")).at("/settings/guidance_model_hash").asText())
        .matches("[0-9a-f]{64}");
    assertThat(manifest(folder.resolve("c")).at("/settings/sampling.classes").isMissingNode())
        .isTrue();
    assertThatThrownBy(() -> sample(folder.resolve("a"), 8, GUIDED))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("guidance_model_hash: ")
        .hasMessageContaining(" → unset");
  }

  private Path copy() {
    return TinyModel.write(folder.resolve("copy"), 8);
  }

  @Test
  void modelsThatDoNotGoTogetherAreRefused() {
    Path classless = TinyModel.write(folder.resolve("classless"), 7);
    Path others = TinyModel.write(folder.resolve("others"), 7, List.of("a", "b", "c"));

    assertThatThrownBy(() -> sample(folder, 8, GUIDED, "sampling.guidance-model=" + others))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "sampling.guidance-model = "
                + others
                + ": has the classes [a, b, c], but the model that it is to guide [Trouser, Bag,"
                + " Ankle boot].");
    assertThatThrownBy(
            () ->
                sample(
                    SPARK.session(),
                    classless,
                    folder,
                    8,
                    GUIDED,
                    "sampling.guidance-model=" + model))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(
            "has the classes [Trouser, Bag, Ankle boot], but the model that it is");
  }

  @Test
  void whereThereIsNothingToLeadAwayFromGuidanceIsRefused() {
    Path imported = TinyModel.write(folder.resolve("imported"), 7, ClassLabels.numbered(3));
    Path classless = TinyModel.write(folder.resolve("classless"), 7);
    SparkSession spark = SPARK.session();

    assertThatThrownBy(() -> sample(spark, imported, folder.resolve("o"), 8, GUIDED))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "sampling.guidance = 2.0: the model knows 3 classes, but not how images without one"
                + " look, from which its images could be led away; set sampling.guidance-model to"
                + " another model, or sampling.guidance = 1.");
    assertThatThrownBy(() -> sample(spark, classless, folder.resolve("o"), 8, GUIDED))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("the model knows no classes, and so no other images, from which");
    assertThat(folder.resolve("o")).doesNotExist();
    sample(spark, imported, folder.resolve("o"), 4);
    assertThat(rows(folder.resolve("o")))
        .extracting(row -> row.<String>getAs("label_name"))
        .containsExactly("0", "1", "2", "0");
  }

  @Test
  void theSheetHasARowForEachClass() throws IOException {
    RawImage sheet = sheet(undisturbed);

    // Two classes, of which the second has more than eight images; rows of 64 pixels.
    assertThat(sheet.height()).isEqualTo(2 * 66 + 2);
    int left = sheet.width() - (8 * 66 + 2);
    assertThat(left).isPositive();
    List<Row> rows = rows(undisturbed);
    assertThat(cell(sheet, left, 0, 0)).isEqualTo(pixel(rows.get(1)));
    assertThat(cell(sheet, left, 0, 6)).isEqualTo(pixel(rows.get(19)));
    assertThat(cell(sheet, left, 0, 7)).as("the seventh trouser is the last").isEqualTo(255);
    assertThat(cell(sheet, left, 1, 1)).isEqualTo(pixel(rows.get(2)));
    assertThat(cell(sheet, left, 1, 7)).isEqualTo(pixel(rows.get(11)));
  }

  private static RawImage sheet(Path output) throws IOException {
    return ImageCodec.decode(Files.readAllBytes(output.resolve("contact-sheet.png")), "sheet");
  }

  private static int cell(RawImage sheet, int left, int row, int column) {
    return sheet.at(2 + 66 * row + 5, left + 2 + 66 * column + 5, 0);
  }

  private static int pixel(Row row) {
    return ImageCodec.decode(row.getAs("image"), "image").at(0, 0, 0);
  }

  @Test
  void trajectoriesAreThoseOfTheClasses() throws IOException {
    sample(folder, 20, GUIDED, "sampling.classes=trouser=1,bag=2", "sampling.trajectory=2");

    assertThat(fingerprint(folder)).isEqualTo(fingerprint(undisturbed));
    RawImage strip =
        ImageCodec.decode(Files.readAllBytes(folder.resolve("trajectories.png")), "strip");
    int left = strip.width() - (2 * 66 + 2);
    assertThat(left).as("room for the names").isPositive();
    List<Row> last =
        SPARK
            .session()
            .read()
            .parquet(folder.resolve("trajectories").toString())
            .where("frame = 1")
            .orderBy("sample_index")
            .collectAsList();
    for (int row = 0; row < 8; row++) {
      assertThat(cell(strip, left, row, 1)).as("row %d", row).isEqualTo(pixel(last.get(row)));
    }
  }

  @Test
  void manyClassesAreNotAllOnTheSheet() throws IOException {
    List<String> names = IntStream.range(0, 40).mapToObj(i -> "class " + i).toList();
    Path many = TinyModel.write(folder.resolve("many"), 5, names);
    sample(SPARK.session(), many, folder.resolve("o"), 41);

    assertThat(sheet(folder.resolve("o")).height()).isEqualTo(32 * 66 + 2);
  }

  @Test
  void classesCanHaveTheSharesOfATable() {
    List<byte[]> images = Collections.nCopies(7, new byte[64]);
    String table = folder.resolve("table").toString();
    RawTable.of(SPARK.session(), 8, 8, images, Arrays.asList(2, 2, null, 0, 2, 2, null))
        .write()
        .parquet(table);
    sample(folder.resolve("o"), 10, "sampling.classes=from-table " + table);

    assertThat(rows(folder.resolve("o")))
        .extracting(row -> row.<Integer>getAs("label"))
        .containsExactly(2, 2, 0, 2, 2, 2, 2, 0, 2, 2);
    assertThat(sample(folder.resolve("o"), 10, "sampling.classes=0=1,2=4").drawn()).isZero();
  }

  @Test
  void aTableWhoseLabelsTheModelDoesNotKnowIsRefused() {
    String table = folder.resolve("table").toString();
    RawTable.of(SPARK.session(), 8, 8, List.of(new byte[64]), List.of(3)).write().parquet(table);
    String unlabelled = folder.resolve("unlabelled").toString();
    RawTable.of(SPARK.session(), 8, 8, List.of(new byte[64])).write().parquet(unlabelled);

    assertThatThrownBy(
            () -> sample(folder.resolve("o"), 10, "sampling.classes=from-table " + table))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "The image table "
                + table
                + " has images of class 3, but the model knows the classes 0 to 2.");
    assertThatThrownBy(
            () -> sample(folder.resolve("o"), 10, "sampling.classes=from-table " + unlabelled))
        .isInstanceOf(DdpmException.class)
        .hasMessage("sampling.classes = from-table " + unlabelled + ": no image has a label.");
    assertThatThrownBy(() -> sample(folder.resolve("o"), 10, "sampling.classes=from-table"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("names no table; it is written from-table TABLE.");
  }

  /** The table has the classes in another order than the model, and not all of them. */
  @Test
  void labelsOfATableAreThoseOfTheSameName() throws IOException {
    for (String file : List.of("Ankle boot/a.png", "Ankle boot/b.png", "Bag/c.png")) {
      Path path = folder.resolve("pictures").resolve(file);
      Files.createDirectories(path.getParent());
      byte[] pixels = new byte[64];
      pixels[0] = (byte) file.charAt(file.length() - 5);
      Files.write(path, ImageCodec.encodePng(new RawImage(8, 8, 1, pixels)));
    }
    String table = folder.resolve("table").toString();
    assertThat(
            Ddpm.run(
                new PrintWriter(text, true),
                new PrintWriter(text, true),
                "ingest",
                "--source",
                "folder",
                "--label-from-folder",
                "--channels",
                "grey",
                "--output",
                table,
                folder.resolve("pictures").toString()))
        .as(text::toString)
        .isZero();

    sample(folder.resolve("o"), 3, "sampling.classes=from-table " + table);

    assertThat(rows(folder.resolve("o")))
        .extracting(row -> row.<String>getAs("label_name"))
        .containsExactly("Ankle boot", "Bag", "Ankle boot");
  }

  @ParameterizedTest
  @ValueSource(strings = {"trousr=5", "from-table nowhere"})
  void whatIsNoClassLeavesNoFolder(String classes) {
    Path output = folder.resolve("o");

    assertThatThrownBy(() -> sample(output, 8, "sampling.classes=" + classes))
        .isInstanceOf(DdpmException.class);
    assertThat(output).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | Trouser | 2.0 | label 0 where 1 must be",
        "1 | Trouser | 2.0 | label_name Trouser where Bag must be",
        "1 | Bag | 1.0 | guidance 1.0 where 2.0 must be",
        "1 | Bag | 2.0 |"
      })
  void aRowOfAnotherClassIsNoticed(int label, String name, double guidance, String wrong)
      throws IOException {
    Map<String, String> settings = new TreeMap<>();
    manifest(undisturbed)
        .get("settings")
        .fields()
        .forEachRemaining(setting -> settings.put(setting.getKey(), setting.getValue().asText()));
    Group row = new SimpleGroup(SampleTable.schema(/* withClasses= */ true, /* withX0= */ false));
    row.add(SampleTable.INDEX, 3L);
    row.add("seed", 3L);
    row.add("sampler", "ddim");
    row.add("steps", 5);
    row.add("model_hash", settings.get("model_hash"));
    row.add(SampleTable.LABEL, label);
    row.add(SampleTable.LABEL_NAME, name);
    row.add(SampleTable.GUIDANCE, guidance);

    assertThat(ShardTable.IMAGES.wrongIn(row, 0, new SampleContent(settings, Map.of())))
        .isEqualTo(Optional.ofNullable(wrong));
  }
}
