package dev.ddpm.spark.train;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.dataset.TableDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.SaveMode;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Training with the labels of a table, of which some are missing. */
class ClassTrainingTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final List<String> NAMES =
      IntStream.range(0, 10).mapToObj(label -> "kind " + label).toList();
  private static final String EMBEDDING = "class_emb.weight";

  /** With such a rate nothing is learnt: what comes out is what went in. */
  private static final String STANDSTILL = "training.learning-rate=1e-30";

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path ingested;
  private static Path table;
  private static Path whole;

  @BeforeAll
  static void trainOnce() {
    ingested = shared.resolve("ingested");
    TinyExperiment.ingest(SPARK.session(), ingested.toString());
    table = shared.resolve("table");
    write(table, when(col("id").mod(5).equalTo(4), lit(null)).otherwise(col("label")), NAMES);
    whole = shared.resolve("whole");
    train(table, whole, Optional.empty(), "training.epochs=2");
  }

  /** A table of the same images with other labels, and names for them unless there are none. */
  private static void write(Path path, Column labels, List<String> names) {
    SPARK
        .session()
        .read()
        .parquet(ingested.toString())
        .withColumn("label", labels.cast("int"))
        .write()
        .mode(SaveMode.ErrorIfExists)
        .parquet(path.toString());
    if (!names.isEmpty()) {
      new TableDescription(
              TinyExperiment.IMAGES,
              TinyExperiment.HEIGHT,
              TinyExperiment.WIDTH,
              1,
              names,
              "test",
              "none",
              0,
              "test",
              null)
          .write(
              new org.apache.hadoop.fs.Path(path.toString()),
              SPARK.session().sparkContext().hadoopConfiguration());
    }
  }

  private static String train(
      Path table, Path run, Optional<StartingModel> from, String... assignments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "model.classes=labels",
                "training.label-dropout=0.3",
                "validation.fraction=0.1",
                "validation.every=2",
                "validation.sheet-every=3"));
    all.addAll(List.of(assignments));
    var printed = new StringWriter();
    new TrainJob(
            SPARK.session(),
            TinyExperiment.with(all.toArray(String[]::new)),
            table.toString(),
            run.toString(),
            Resume.AUTO,
            from,
            new PrintWriter(printed, true))
        .run();
    return printed.toString();
  }

  private static Optional<StartingModel> from(Path model, boolean moments) {
    return Optional.of(new StartingModel(model.toString(), WeightChoice.RAW, moments));
  }

  private static ModelFolder model(Path run) {
    return ModelFolder.open(new LocalFileStore(run.resolve("model")));
  }

  private static float[] tensor(Path run, TensorFile file, String name) {
    ParameterLayout layout = ParameterLayout.of(model(run).description().architecture());
    float[] flat = new FlatTensors(layout).read(model(run), file);
    return layout.tensors().stream()
        .filter(tensor -> tensor.name().equals(name))
        .map(tensor -> layout.toStateDict(tensor, flat))
        .findFirst()
        .orElseThrow();
  }

  private static void assertUserError(Runnable call, String... message) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .satisfies(e -> assertThat(e.getMessage()).contains(message));
  }

  @Test
  void theModelKnowsTheClassesOfTheTableAndNone() throws IOException {
    assertThat(model(whole).description().classes()).isEqualTo(new ClassLabels(NAMES, true));
    assertThat(model(whole).description().architecture().classes()).isEqualTo(11);
    assertThat(model(whole).description().provenance())
        .containsEntry("model.classes", "labels")
        .containsEntry("training.label-dropout", "0.3")
        .containsKey("data.labels-fingerprint");
    assertThat(Files.readString(whole.resolve("model/model.json")))
        .startsWith("{\n  \"format_version\" : 5,");
    assertThat(tensor(whole, TensorFile.EMA, EMBEDDING)).hasSize(11 * 32);
    assertThat(Files.readString(whole.resolve("metrics.jsonl"))).contains("\"validation_loss\":0.");
  }

  @Test
  void theNetworkOfThePaperLearnsThemToo() {
    String[] network = {"model.architecture=unet2d", "model.widths=[8, 16]", "training.epochs=2"};
    String[] still = Arrays.copyOf(network, network.length + 1);
    still[network.length] = STANDSTILL;
    Path learnt = folder.resolve("learnt");
    Path begun = folder.resolve("begun");
    train(table, learnt, Optional.empty(), network);
    train(table, begun, Optional.empty(), still);

    assertThat(model(learnt).description().architecture().classes()).isEqualTo(11);
    float[] before = tensor(begun, TensorFile.WEIGHTS, "class_embedding.weight");
    float[] after = tensor(learnt, TensorFile.WEIGHTS, "class_embedding.weight");
    int width = before.length / 11;
    for (int row = 0; row < 11; row++) {
      assertThat(Arrays.copyOfRange(after, row * width, (row + 1) * width))
          .as("row %d", row)
          .isNotEqualTo(Arrays.copyOfRange(before, row * width, (row + 1) * width));
    }
  }

  /** Of 16 images and few classes a column each: 10 columns, and two rows. */
  @Test
  void theSheetHasAColumnForEachClass() throws IOException {
    var sheet =
        ImageCodec.decode(Files.readAllBytes(whole.resolve("sheets/round-000003.png")), "sheet");
    int scale = 64 / TinyExperiment.HEIGHT;
    assertThat(sheet.width()).isEqualTo(10 * (TinyExperiment.WIDTH * scale + 2) + 2);
    assertThat(sheet.height()).isEqualTo(2 * (TinyExperiment.HEIGHT * scale + 2) + 2);
  }

  /** The network need not know the classes, and where the images lie does not matter. */
  @Test
  void balancedBatchesAreTheSameAfterAnInterruptionAndInOtherFiles() {
    String[] balanced = {
      "model.classes=none", "training.balance-classes=true", "training.epochs=2"
    };
    Path undisturbed = folder.resolve("undisturbed");
    assertThat(train(table, undisturbed, Optional.empty(), balanced))
        .contains("Batches are balanced over 10 classes, which have ")
        .contains("58 images used + 0 skipped = 58");
    Path elsewhere = folder.resolve("elsewhere");
    SPARK
        .session()
        .read()
        .parquet(table.toString())
        .repartition(5)
        .write()
        .parquet(elsewhere.toString());
    Path parts = folder.resolve("parts");
    String[] begun = Arrays.copyOf(balanced, balanced.length + 1);
    begun[balanced.length] = "training.max-rounds=3";
    train(elsewhere, parts, Optional.empty(), begun);

    assertThat(train(elsewhere, parts, Optional.empty(), balanced))
        .contains("Going on after round 3 of");
    for (TensorFile file : List.of(TensorFile.WEIGHTS, TensorFile.EMA, TensorFile.UPDATER)) {
      assertThat(parts.resolve("model").resolve(file.fileName()))
          .hasSameBinaryContentAs(undisturbed.resolve("model").resolve(file.fileName()));
    }
    assertUserError(
        () -> train(table, parts, Optional.empty(), "model.classes=none", "training.epochs=2"),
        "training.balance-classes: true → false");
  }

  @Test
  void balancedBatchesNeedLabels() {
    Path without = folder.resolve("without");
    write(without, lit(null), List.of());

    assertUserError(
        () ->
            train(
                without,
                folder.resolve("run"),
                Optional.empty(),
                "model.classes=none",
                "training.balance-classes=true"),
        "training.balance-classes = true: no image of the table " + without,
        "has a label; ingest it with labels");
  }

  @Test
  void anInterruptedRunArrivesAtTheSameModel() {
    Path parts = folder.resolve("parts");
    train(table, parts, Optional.empty(), "training.epochs=2", "training.max-rounds=3");

    assertThat(train(table, parts, Optional.empty(), "training.epochs=2"))
        .contains("Going on after round 3 of")
        .contains(
            "The network learns to tell 10 classes (kind 0, kind 1, kind 2, kind 3, kind 4, …)"
                + " apart; images without a label, and others with probability 0.3, are of none.");
    for (TensorFile file : List.of(TensorFile.WEIGHTS, TensorFile.EMA, TensorFile.UPDATER)) {
      assertThat(parts.resolve("model").resolve(file.fileName()))
          .hasSameBinaryContentAs(whole.resolve("model").resolve(file.fileName()));
    }
  }

  @Test
  void aRunDoesNotGoOnWithOtherClasses() {
    Path run = folder.resolve("run");
    train(table, run, Optional.empty(), "training.max-rounds=1");
    Path shifted = folder.resolve("shifted");
    write(shifted, col("label").plus(1).mod(10), NAMES);
    Path renamed = folder.resolve("renamed");
    List<String> others = new ArrayList<>(NAMES);
    others.set(0, "shirt");
    write(renamed, when(col("id").mod(5).equalTo(4), lit(null)).otherwise(col("label")), others);

    assertUserError(
        () -> train(shifted, run, Optional.empty(), "training.max-rounds=2"),
        "was started with other settings (data.labels-fingerprint: ");
    assertUserError(
        () -> train(renamed, run, Optional.empty(), "training.max-rounds=2"),
        "was started with 10 classes (kind 0, kind 1, kind 2, kind 3, kind 4, …), and not with 10"
            + " classes (shirt, kind 1, ");
    assertUserError(
        () -> train(table, run, Optional.empty(), "training.max-rounds=2", "model.classes=none"),
        "model.classes: labels → none");
  }

  @Test
  void labelsThatAreNoClassesAreRefusedBeforeAnythingIsWritten() {
    Path none = folder.resolve("none");
    write(none, lit(null), List.of());
    Path negative = folder.resolve("negative");
    write(negative, col("label").minus(3), List.of());
    Path beyond = folder.resolve("beyond");
    write(beyond, col("label"), NAMES.subList(0, 4));
    Path many = folder.resolve("many");
    write(many, col("label").plus(1 << 20), List.of());
    Path run = folder.resolve("run");

    assertUserError(
        () -> train(none, run, Optional.empty()),
        "model.classes = labels: no image of the table " + none + " has a label; ingest it with");
    assertThatThrownBy(() -> train(negative, run, Optional.empty()))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "The image table " + negative + " has the label -3: classes are numbers from 0 on.");
    assertThatThrownBy(() -> train(beyond, run, Optional.empty()))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "The image table "
                + beyond
                + " has the label 9, but names only for the classes 0 to 3.");
    assertUserError(
        () -> train(many, run, Optional.empty()), "go up to 1048585; at most 1048575 classes");
    assertThat(run).doesNotExist();
  }

  @Test
  void classesThatCannotBeDrawnAreRefusedBeforeAnythingIsTrained() {
    Path run = folder.resolve("run");

    assertThatThrownBy(
            () -> train(table, run, Optional.empty(), "sampling.classes=kind 3=1,kind 33=2"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("there is no class 'kind 33'");
    assertThatThrownBy(
            () ->
                train(
                    table, run, Optional.empty(), "model.classes=none", "sampling.classes=all=10"))
        .isInstanceOf(DdpmException.class)
        .hasMessage("sampling.classes = all=10: the model knows no classes.");
    assertThat(run).doesNotExist();
  }

  @Test
  void classesWithoutImagesAreTold() {
    Path gaps = folder.resolve("gaps");
    write(gaps, when(col("id").mod(2).equalTo(1), lit(4)).otherwise(lit(2)), List.of());

    assertThat(train(gaps, folder.resolve("run"), Optional.empty(), "training.epochs=1"))
        .contains("No image of the table is of 3 classes (0, 1, 3): the network is not taught");
  }

  /** The pictures of a run are those of the settings, but for a guide that is another model. */
  @Test
  void thePicturesOfARunAreGuided() throws IOException {
    List<byte[]> sheets = new ArrayList<>();
    for (String sampling :
        List.of(
            "sampling.guidance=1",
            "sampling.guidance=1000",
            "sampling.guidance-interval=[0, 10]",
            "sampling.guidance-model=/nowhere")) {
      Path run = folder.resolve("run-" + sheets.size());
      String guidance =
          sampling.equals("sampling.guidance=1") ? sampling : "sampling.guidance=1000";
      String printed =
          train(
              table,
              run,
              Optional.empty(),
              "training.epochs=1",
              "validation.sheet-every=1",
              guidance,
              sampling);
      assertThat(printed.contains("drawn without sampling.guidance-model"))
          .isEqualTo(sampling.contains("model"));
      sheets.add(Files.readAllBytes(run.resolve("sheets/round-000001.png")));
    }

    assertThat(sheets.get(1)).isNotEqualTo(sheets.get(0));
    assertThat(sheets.get(2)).isNotEqualTo(sheets.get(0)).isNotEqualTo(sheets.get(1));
    assertThat(sheets.get(3)).isEqualTo(sheets.get(0));
  }

  @Test
  void withoutNamesClassesAreNumbers() {
    Path run = folder.resolve("run");
    train(ingested, run, Optional.empty(), "training.max-rounds=1");

    assertThat(model(run).description().classes())
        .isEqualTo(new ClassLabels(ClassLabels.numbered(10).names(), true));
  }

  /** The embedding that is added is zero: Adam has moved it, but by nothing. */
  @Test
  void aModelWithoutClassesIsTaughtThem() {
    Path plain = folder.resolve("plain");
    train(table, plain, Optional.empty(), "model.classes=none", "training.epochs=1");
    Path run = folder.resolve("run");
    Path moments = folder.resolve("moments");

    train(table, run, from(plain, false), STANDSTILL, "training.max-rounds=1");
    train(table, moments, from(plain, true), STANDSTILL, "training.max-rounds=1");

    for (Path taught : List.of(run, moments)) {
      float[] embedding = tensor(taught, TensorFile.WEIGHTS, EMBEDDING);
      assertThat(embedding).hasSize(11 * 32);
      for (float value : embedding) {
        assertThat(Math.abs(value)).isLessThan(1e-25f);
      }
      for (String name : List.of("image_proj.weight", "time_emb.lin2.bias", "final.bias")) {
        assertThat(tensor(taught, TensorFile.WEIGHTS, name))
            .as(name)
            .isEqualTo(tensor(plain, TensorFile.WEIGHTS, name));
      }
    }
    assertThat(model(moments).training().orElseThrow().step()).isEqualTo(8 + 3);
  }

  /** Nothing is learnt in the new run, so that its momentum is what was left of the other's. */
  @Test
  void momentumOverRoundsGoesOnInTheWiderNetwork() {
    String[] outer = {"training.outer-learning-rate=0.7", "training.outer-momentum=0.5"};
    Path plain = folder.resolve("plain");
    train(
        table,
        plain,
        Optional.empty(),
        "model.classes=none",
        "training.max-rounds=1",
        outer[0],
        outer[1]);
    Path taught = folder.resolve("taught");
    train(
        table, taught, from(plain, true), STANDSTILL, "training.max-rounds=1", outer[0], outer[1]);
    Path begun = folder.resolve("begun");
    train(
        table, begun, from(plain, false), STANDSTILL, "training.max-rounds=1", outer[0], outer[1]);

    String name = "final.bias";
    float before = tensor(plain, TensorFile.MOMENTUM, name)[0];
    assertThat(before).isNotZero();
    assertThat(tensor(taught, TensorFile.MOMENTUM, name)[0]).isEqualTo(0.5f * before);
    for (float value : tensor(taught, TensorFile.MOMENTUM, EMBEDDING)) {
      assertThat(Math.abs(value)).isLessThan(1e-25f);
    }
    assertThat(tensor(taught, TensorFile.WEIGHTS, name)[0])
        .isEqualTo(
            tensor(plain, TensorFile.WEIGHTS, name)[0] + 0.7f * 0.25f * before, within(1e-6f));
    assertThat(tensor(begun, TensorFile.MOMENTUM, name)).containsOnly(0);
  }

  @Test
  void aModelWithClassesIsTrainedOnWithThese() {
    Path run = folder.resolve("run");
    train(table, run, from(whole, false), STANDSTILL, "training.max-rounds=1");

    assertThat(tensor(run, TensorFile.WEIGHTS, EMBEDDING))
        .isEqualTo(tensor(whole, TensorFile.WEIGHTS, EMBEDDING));
    Path others = folder.resolve("others");
    write(others, col("label"), List.of());
    assertUserError(
        () -> train(others, folder.resolve("other"), from(whole, false)),
        "--from = " + whole + ": tells 10 classes (kind 0, ",
        ", …) apart, and the table has 10 classes (0, 1, 2, 3, 4, …); they must be the same, in"
            + " their order.");
    assertUserError(
        () -> train(table, folder.resolve("other"), from(whole, false), "model.classes=none"),
        "set model.classes = labels, or start from a model without classes.");
  }
}
