package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.DdpmException.Category;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.stored.StoredModel;
import dev.ddpm.spark.train.round.ModelState;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class TrainJobRobustnessTest {
  private static final int IMAGES = 44;

  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();
  @TempDir static Path tables;
  private static String table;

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();

  @BeforeAll
  static void writeTable() {
    table = TinyTable.write(SPARK.session(), tables.resolve("images"), IMAGES, Set.of());
  }

  @Test
  void aRunThatIsContinuedEndsWhereAnUndisturbedOneDoes() throws IOException {
    train("whole", "training.schedule=cosine", "training.decay-steps=24");
    train("parts", "training.schedule=cosine", "training.decay-steps=24", "training.max-rounds=3");
    assertThat(out.toString()).contains("round 3/3 ·");
    train("parts", "training.schedule=cosine", "training.decay-steps=24");

    assertThat(out.toString()).contains("Going on after round 3 of 6.");
    assertThat(weights("parts")).isEqualTo(weights("whole"));
    assertThat(folder.resolve("parts/metrics.jsonl")).content().hasLineCount(6);
    assertThat(names("parts/checkpoints"))
        .containsExactly("round-000003", "round-000004", "round-000006");
  }

  /** The momentum is in the checkpoint: without it the second half would start at a stand. */
  @Test
  void momentumOverRoundsGoesOnAfterAResume() throws IOException {
    String[] outer = {"training.outer-learning-rate=0.7", "training.outer-momentum=0.9"};
    train("plain");
    train("whole", outer);
    train("parts", outer[0], outer[1], "training.max-rounds=3");
    train("parts", outer);

    assertThat(out.toString()).contains("Going on after round 3 of 6.");
    assertThat(weights("parts")).isEqualTo(weights("whole")).isNotEqualTo(weights("plain"));
    assertThat(names("whole/model")).contains("momentum.safetensors");
    assertThat(names("plain/model")).doesNotContain("momentum.safetensors");
  }

  @Test
  void aRunThatHasLostItsMomentumDoesNotGoOn() throws IOException {
    train("run", "training.outer-momentum=0.9", "training.max-rounds=1");
    var store =
        new HadoopFileStore(
            folder.resolve("run/checkpoints/round-000001").toString(), new Configuration());
    ModelFolder stored = ModelFolder.open(store);
    Checkpoint whole = Checkpoint.read(stored);
    ModelState state = whole.state();
    new Checkpoint(
            new ModelState(state.parameters(), state.updater(), state.step()),
            whole.ema(),
            whole.profiles(),
            whole.training())
        .write(store, stored.description());

    assertThatThrownBy(() -> train("run", "training.outer-momentum=0.9", "training.max-rounds=2"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(
            "It has no momentum.safetensors, the momentum of its outer optimiser, so training"
                + " cannot go on from it.");
  }

  @Test
  void anEpochTellsThatEveryImageWasUsed() {
    train("run");

    assertThat(out.toString())
        .contains("epoch 1/2 done · 44 images used + 0 skipped = 44")
        .contains("epoch 2/2 done · 44 images used + 0 skipped = 44");
  }

  /** Twin of the first: what a resumed run finds is what makes it equal. */
  @Test
  void anotherNumberOfRoundsIsAnotherModel() throws IOException {
    train("short", "training.max-rounds=5");
    train("long");

    assertThat(weights("short")).isNotEqualTo(weights("long"));
  }

  @Test
  void resumeSaysWhetherTheFolderMayOrMustHoldARun() {
    assertThatThrownBy(() -> train("new", Resume.REQUIRE))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--resume = require, but --run = ")
        .hasMessageContaining("has no complete checkpoint");
    assertThat(folder.resolve("new")).doesNotExist();
    train("new", Resume.NEVER, "training.max-rounds=2");
    assertThatThrownBy(() -> train("new", Resume.NEVER))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--resume = never, but --run = ")
        .hasMessageContaining("has checkpoints");
    train("new", Resume.REQUIRE, "training.max-rounds=2");
    assertThat(out.toString()).contains("Nothing to do: all rounds are done already.");
  }

  @Test
  void otherSettingsAreRefusedByName() {
    train("run", "training.max-rounds=1");

    assertThatThrownBy(() -> train("run", "training.batch-size=3", "validation.fraction=0.1"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("was started with other settings")
        .hasMessageContaining("training.batch-size: 4 → 3")
        .hasMessageContaining("validation.fraction: 0.0 → 0.1");
  }

  @Test
  void trainingThatDivergesEndsWithTheLastGoodStateIntact() throws IOException {
    train("run", "training.max-rounds=2", "training.optimiser=sgd");
    byte[] before = Files.readAllBytes(checkpoint("run", 2));

    assertThatThrownBy(
            () ->
                train(
                    "diverging",
                    "training.optimiser=sgd",
                    "training.learning-rate=1e30",
                    "training.clip-norm=0",
                    "training.warm-up-steps=0",
                    "training.max-bad-rounds=2"))
        .isInstanceOfSatisfying(
            DdpmException.class, e -> assertThat(e.category()).isEqualTo(Category.DATA))
        .hasMessageContaining("was not finite in 3 rounds in a row, up to round 3")
        .hasMessageContaining("training.learning-rate");
    assertThat(out.toString()).contains("not finite, not applied");
    assertThat(Files.readAllBytes(checkpoint("run", 2))).isEqualTo(before);
    assertThat(folder.resolve("diverging/checkpoints/round-000002/model.json")).exists();
    assertThat(folder.resolve("diverging/metrics.jsonl"))
        .content()
        .contains("\"loss\":null", "\"used\":0,\"skipped\":16");
    String diverging = folder.resolve("diverging").toString();
    Configuration hadoop = SPARK.session().sparkContext().hadoopConfiguration();
    assertThatThrownBy(() -> StoredModel.open(diverging, hadoop))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(diverging + " has no model, because its training did not come to")
        .hasMessageMatching(
            "(?s).* the newest is " + diverging + "/checkpoints/round-0000\\d\\d\\.");
  }

  /** Few enough to go on, were there more. */
  @Test
  void aRunWhoseLastRoundsAreNotFiniteIsNoSuccess() {
    String[] diverging = {
      "training.optimiser=sgd",
      "training.learning-rate=1e30",
      "training.clip-norm=0",
      "training.warm-up-steps=0",
      "training.max-rounds=2"
    };
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> train("run", diverging))
          .isInstanceOfSatisfying(
              DdpmException.class, e -> assertThat(e.category()).isEqualTo(Category.DATA))
          .hasMessageMatching(
              "A loss or weight was not finite in the last [12] of 2 rounds: training has"
                  + " diverged, and .*run/model has the weights from before; .*");
      assertThat(folder.resolve("run/model/model.json")).exists();
    }
    assertThat(out.toString()).contains("Nothing to do");
  }

  @Test
  void heldOutImagesAreValidatedAndTheBestIsKept() throws IOException {
    train(
        "run",
        "validation.fraction=0.25",
        "validation.every=2",
        "validation.sheet-every=2",
        "training.epochs=3");

    assertThat(out.toString())
        .contains("Training on 33 images of 8×8×1")
        .contains("Held out to validate: 11 images.")
        .contains(" · validation ");
    assertThat(names("run/best")).singleElement().asString().startsWith("round-00000");
    assertThat(names("run/sheets")).contains("round-000002.png", "round-000004.png");
    assertThat(Files.readAllLines(folder.resolve("run/metrics.jsonl")).get(1))
        .containsPattern("\"validation_loss\":1\\.\\d+")
        .containsPattern("\"validation_by_timestep\":\\[[^\\]]+\\]");
  }

  @Test
  void theDistanceOfDrawnImagesIsMeasuredAndTheSameAfterAResume() throws IOException {
    String[] settings = {
      "validation.fraction=0.25",
      "validation.frechet-every=2",
      "validation.frechet-images=6",
      "validation.best-by=frechet",
      "training.epochs=3"
    };
    train("whole", settings);
    String[] half = Arrays.copyOf(settings, settings.length + 1);
    half[settings.length] = "training.max-rounds=3";
    train("resumed", half);
    train("resumed", settings);

    assertThat(out.toString()).contains(" · Fréchet ");
    assertThat(distances("whole")).containsOnlyKeys(2L, 4L, 6L, 8L, 9L);
    assertThat(distances("resumed")).containsAllEntriesOf(distances("whole"));
    assertThat(names("whole/best")).hasSize(1);
  }

  /** The distances of a run by their rounds. */
  private Map<Long, Double> distances(String run) throws IOException {
    Map<Long, Double> distances = new TreeMap<>();
    for (String line : Files.readAllLines(folder.resolve(run + "/metrics.jsonl"))) {
      JsonNode report = new ObjectMapper().readTree(line);
      if (!report.get("frechet").isNull()) {
        distances.put(report.get("round").longValue(), report.get("frechet").doubleValue());
      }
    }
    return distances;
  }

  @Test
  void aRateOfNothingStopsEarlyAndStaysStopped() {
    // The weights never change, so no validation after the first is better.
    List<String> still =
        List.of(
            "training.learning-rate=1e-30",
            "training.ema-decay=0",
            "validation.fraction=0.25",
            "validation.every=1",
            "validation.patience=2");
    train("run", still.toArray(String[]::new));

    assertThat(out.toString()).contains("round 3/6 ·").doesNotContain("round 4/6 ·");
    train("run", still.toArray(String[]::new));
    assertThat(out.toString()).contains("Nothing to do").doesNotContain("round 4/6 ·");
  }

  @Test
  void badImagesAreLeftOutUpToTheCap() {
    String damaged =
        TinyTable.write(SPARK.session(), folder.resolve("damaged"), IMAGES, Set.of(3, 41));

    assertThatThrownBy(() -> train("run", damaged, Resume.AUTO, "training.max-bad=1"))
        .isInstanceOfSatisfying(
            DdpmException.class, e -> assertThat(e.category()).isEqualTo(Category.DATA))
        .hasMessageContaining("2 of the 44 images of the table")
        .hasMessageContaining("at most 1 may be left out (training.max-bad)")
        .hasMessageContaining("the first: Image 3 ");
    train("run", damaged, Resume.AUTO, "training.max-bad=2");

    assertThat(out.toString())
        .contains("Left out because they cannot be decoded: 2.")
        .contains("epoch 2/2 done · 42 images used + 0 skipped = 42");
  }

  @Test
  void aModelThatDoesNotFitIsRefusedBeforeItIsBuilt() {
    assertThatThrownBy(() -> train("run", "model.channels=512", "model.channel-multipliers=[2, 2]"))
        .isInstanceOfSatisfying(
            DdpmException.class, e -> assertThat(e.category()).isEqualTo(Category.ENVIRONMENT))
        .hasMessageContaining("The driver, which runs all tasks, needs about ")
        .hasMessageContaining("raise spark.driver.memory");
  }

  @Test
  void moreWorkersThanSlotsAreSaid() {
    train("run", "training.workers=3", "training.max-rounds=1");

    assertThat(out.toString()).contains("3 workers share 2 task slot(s)");
  }

  @Test
  void aRunFolderThatCannotBeWrittenIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");

    assertThatThrownBy(() -> train("file/run"))
        .isInstanceOfSatisfying(
            DdpmException.class, e -> assertThat(e.category()).isEqualTo(Category.ENVIRONMENT))
        .hasMessageContaining("--run = " + file + "/run: cannot be used: ");
    assertThatThrownBy(() -> train("file"))
        .isInstanceOfSatisfying(
            DdpmException.class, e -> assertThat(e.category()).isEqualTo(Category.USER))
        .hasMessageContaining("--run = " + file + ": exists, but is no folder of a training run");
    assertThat(file).hasContent("mine");
    assertThat(out.toString()).doesNotContain("round 1");
  }

  @Test
  void moreWorkersThanImagesAreRefused() {
    assertThatThrownBy(() -> train("run", "training.workers=45"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("workers = 45: the data set has only 44 rows");
  }

  private void train(String run, String... settings) {
    train(run, Resume.AUTO, settings);
  }

  private void train(String run, Resume resume, String... settings) {
    train(run, table, resume, settings);
  }

  private void train(String run, String images, Resume resume, String... settings) {
    List<String> all = new ArrayList<>(TinyTable.SETTINGS);
    all.addAll(List.of(settings));
    SparkSession spark = SPARK.session();
    new TrainJob(
            spark,
            ConfigLoader.load(Optional.empty(), all),
            images,
            folder.resolve(run).toString(),
            resume,
            new PrintWriter(out, true))
        .run();
  }

  private Path checkpoint(String run, int round) {
    return folder.resolve("%s/checkpoints/round-%06d/weights.safetensors".formatted(run, round));
  }

  private byte[] weights(String run) throws IOException {
    return Files.readAllBytes(folder.resolve(run + "/model/weights.safetensors"));
  }

  private List<String> names(String path) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(path))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    }
  }
}
