package dev.ddpm.spark.train;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.SelfDigest;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TrainingState;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Training as a user runs it, on the run of {@link TinyExperiment}: 12 rounds in 4 epochs. */
class TrainJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int EPOCHS = 4;
  private static final int ROUNDS = EPOCHS * TinyExperiment.ROUNDS_PER_EPOCH;

  @TempDir static Path shared;
  @TempDir Path folder;

  private static String table;

  /** A run from beginning to end. */
  private static Path whole;

  /** A run that has ended within an epoch, after round 5; checkpoints of rounds 4 and 5. */
  private static Path interrupted;

  @BeforeAll
  static void trainOnce() {
    table = shared.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    whole = shared.resolve("whole");
    train(whole);
    interrupted = shared.resolve("interrupted");
    train(interrupted, "training.max-rounds=5");
  }

  /** Trains and returns what is printed. */
  private static String train(Path run, String... assignments) {
    return train(table, run, assignments);
  }

  private static String train(String table, Path run, String... assignments) {
    var printed = new StringWriter();
    new TrainJob(
            SPARK.session(),
            TinyExperiment.with(assignments),
            table,
            run.toString(),
            Resume.AUTO,
            new PrintWriter(printed, true))
        .run();
    return printed.toString();
  }

  private Path copyOf(Path run) throws IOException {
    Path copy = folder.resolve("run");
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(run.relativize(file).toString()));
      }
    }
    return copy;
  }

  private static byte[] bytes(Path file) throws IOException {
    return Files.readAllBytes(file);
  }

  private static List<JsonNode> metrics(Path run) throws IOException {
    List<JsonNode> rounds = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      rounds.add(new JsonMapper().readTree(line));
    }
    return rounds;
  }

  private static List<String> names(Path parent) throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      // Hadoop's local file system keeps a hidden checksum beside each file.
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    }
  }

  private static void assertSameModel(Path actual, Path expected) throws IOException {
    for (String file :
        List.of("weights.safetensors", "ema.safetensors", "updater.safetensors", "training.json")) {
      assertThat(bytes(actual.resolve("model").resolve(file)))
          .as(file)
          .isEqualTo(bytes(expected.resolve("model").resolve(file)));
    }
  }

  @Test
  void leavesAModelCheckpointsMetricsAndALossCurve() throws IOException {
    assertThat(names(whole))
        .containsExactly("checkpoints", "loss.png", "metrics.jsonl", "model", "run.json");
    assertThat(names(whole.resolve("checkpoints"))).containsExactly("round-000010", "round-000012");
    assertThat(names(whole.resolve("model")))
        .containsExactly(
            "ema.safetensors",
            "model.json",
            "training.json",
            "updater.safetensors",
            "weights.safetensors");
    assertThat(ImageCodec.isPng(bytes(whole.resolve("loss.png")))).isTrue();
  }

  @Test
  void everyRoundIsALineOfMetrics() throws IOException {
    List<JsonNode> metrics = metrics(whole);

    assertThat(metrics)
        .extracting(line -> line.get("round").asInt())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    assertThat(metrics)
        .extracting(line -> line.get("step").asInt())
        .containsExactly(3, 6, 8, 11, 14, 16, 19, 22, 24, 27, 30, 32);
    assertThat(metrics)
        .extracting(line -> line.get("images").asInt())
        .startsWith(24, 48, 64, 88)
        .endsWith(EPOCHS * TinyExperiment.IMAGES);
    assertThat(metrics.get(0).get("learning_rate").asDouble()).isEqualTo(2e-3 * 3 / 5);
    assertThat(metrics.get(ROUNDS - 1).get("learning_rate").asDouble()).isEqualTo(2e-3);
    assertThat(metrics.get(ROUNDS - 1).get("remaining_seconds").asDouble()).isZero();
  }

  @Test
  void theLossFalls() throws IOException {
    List<Double> losses = metrics(whole).stream().map(line -> line.get("loss").asDouble()).toList();
    double first = losses.get(0);
    double last = losses.get(ROUNDS - 1);

    assertThat(first).isBetween(0.8, 1.5);
    assertThat(last).isLessThan(0.8 * first);
  }

  @Test
  void theModelCanBeReadAndKeepsTheSettingsItWasMadeWith() {
    ModelFolder model = ModelFolder.open(new LocalFileStore(whole.resolve("model")));
    var flat = new FlatTensors(ParameterLayout.of(model.description().architecture()));
    float[] weights = flat.read(model, TensorFile.WEIGHTS);
    float[] average = flat.read(model, TensorFile.EMA);

    assertThat(average).hasSameSizeAs(weights).isNotEqualTo(weights);
    assertThat(model.description().architecture().imageShape().height())
        .isEqualTo(TinyExperiment.HEIGHT);
    assertThat(model.description().architecture().imageShape().width())
        .isEqualTo(TinyExperiment.WIDTH);
    assertThat(model.description().provenance())
        .containsEntry("data.table", table)
        .containsEntry("data.images", "64")
        .containsEntry("model.height", "16")
        .containsEntry("training.learning-rate", "0.002");
    assertThat(model.training()).contains(new TrainingState(32, ROUNDS, EPOCHS, 0, 7));
  }

  @Test
  void withoutAnAverageOrMomentsThereAreNoFilesOfThem() throws IOException {
    Path run = folder.resolve("run");
    train(run, "training.ema-decay=0", "training.optimiser=sgd", "training.max-rounds=1");

    assertThat(names(run.resolve("model")))
        .containsExactly("model.json", "training.json", "weights.safetensors");
    assertThat(
            train(run, "training.ema-decay=0", "training.optimiser=sgd", "training.max-rounds=2"))
        .contains("Going on after round 1 of 2.");
  }

  @Test
  void theSameCommandElsewhereGivesTheSameModel() throws IOException {
    Path run = folder.resolve("run");
    String printed = train(run);

    assertSameModel(run, whole);
    assertThat(printed.lines().filter(line -> line.startsWith("round "))).hasSize(ROUNDS);
    assertThat(printed)
        .contains("Training on 64 images of 16×12×1:", "2 worker(s) with batch size 4")
        .containsPattern("round 12/12 · epoch 4/4 · 256 images · loss 0\\.\\d{4} · lr 2.00e-03 · ")
        .doesNotContain("Going on", "Nothing to do");
  }

  @Test
  void theSameCommandAgainHasNothingToDo() throws IOException {
    Path run = copyOf(whole);

    assertThat(train(run, "training.keep-checkpoints=7"))
        .contains("Nothing to do")
        .doesNotContain("round 1");
    assertSameModel(run, whole);
    // what a command that did nothing was given is no part of the model's history
    assertThat(bytes(run.resolve("model/model.json")))
        .isEqualTo(bytes(whole.resolve("model/model.json")));
    assertThat(bytes(run.resolve("metrics.jsonl")))
        .isEqualTo(bytes(whole.resolve("metrics.jsonl")));
  }

  @Test
  void anInterruptedRunGoesOnToTheSameModel() throws IOException {
    Path run = copyOf(interrupted);

    assertThat(train(run)).contains("Going on after round 5 of 12.").doesNotContain("round 5/12");
    assertSameModel(run, whole);
    assertThat(metrics(run)).extracting(line -> line.get("round").asInt()).hasSize(ROUNDS);
    assertThat(metrics(run))
        .extracting(line -> line.get("loss").asDouble())
        .containsExactlyElementsOf(
            metrics(whole).stream().map(line -> line.get("loss").asDouble()).toList());
  }

  @Test
  void aRunMayGoOnInLessMemory() throws IOException {
    Path recomputing = copyOf(interrupted);
    assertThat(train(recomputing, "training.recompute=true"))
        .contains("blocks of the network compute activations once more in the backward pass.");
    assertSameModel(recomputing, whole);

    Path inParts = folder.resolve("in parts");
    assertThat(train(inParts, "training.max-rounds=5", "training.accumulate=4"))
        .contains("To save memory, gradients are added up from 4 parts of up to 1 image(s).");
    assertThat(train(inParts)).contains("Going on after round 5 of 12.");
    assertThat(description(inParts).provenance())
        .containsEntry("training.accumulate", "4")
        .containsEntry("training.recompute", "false");
    assertThat(lastLoss(inParts)).isCloseTo(lastLoss(whole), within(1e-3 * lastLoss(whole)));
  }

  private static ModelDescription description(Path run) {
    return ModelFolder.open(new LocalFileStore(run.resolve("model"))).description();
  }

  private static double lastLoss(Path run) throws IOException {
    return metrics(run).get(ROUNDS - 1).get("loss").asDouble();
  }

  @Test
  void aDamagedCheckpointIsPassedOverAndTheModelIsTheSame() throws IOException {
    Path run = copyOf(interrupted);
    Damage.TRUNCATED.doTo(run.resolve("checkpoints/round-000005"));

    assertThat(train(run)).contains("Going on after round 4 of 12.");
    assertSameModel(run, whole);
  }

  /** What can happen to a checkpoint. */
  enum Damage {
    TRUNCATED {
      @Override
      void doTo(Path checkpoint) throws IOException {
        byte[] weights = bytes(checkpoint.resolve("weights.safetensors"));
        rewrite(checkpoint, "weights.safetensors", Arrays.copyOf(weights, weights.length / 2));
      }
    },
    ONE_BIT {
      @Override
      void doTo(Path checkpoint) throws IOException {
        byte[] moments = bytes(checkpoint.resolve("updater.safetensors"));
        moments[moments.length - 2] ^= 1;
        rewrite(checkpoint, "updater.safetensors", moments);
      }
    },
    WRITTEN_HALF {
      @Override
      void doTo(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve("model.json"));
      }
    },
    WITHOUT_AVERAGE {
      @Override
      void doTo(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve("ema.safetensors"));
      }
    },
    OTHER_NAME_OF_THE_MOMENTS {
      @Override
      void doTo(Path checkpoint) throws IOException {
        rewrite(checkpoint, description(checkpoint).replace("updater.", "updates."));
      }
    },
    OTHER_NAME_OF_THE_MOMENTS_BEFORE_DIGESTS {
      @Override
      void doTo(Path checkpoint) throws IOException {
        rewrite(checkpoint, ofFormat2(checkpoint).replace("updater.", "updates."));
      }
    },
    WITHOUT_MOMENTS_BEFORE_DIGESTS {
      @Override
      void doTo(Path checkpoint) throws IOException {
        withoutPart(checkpoint, "updater.safetensors");
      }
    },
    WITHOUT_AVERAGE_BEFORE_DIGESTS {
      @Override
      void doTo(Path checkpoint) throws IOException {
        withoutPart(checkpoint, "ema.safetensors");
      }
    },
    NO_JSON {
      @Override
      void doTo(Path checkpoint) throws IOException {
        rewrite(checkpoint, "model.json", "{".getBytes(StandardCharsets.UTF_8));
      }
    };

    abstract void doTo(Path checkpoint) throws IOException;

    private static String description(Path checkpoint) throws IOException {
      return Files.readString(checkpoint.resolve("model.json"));
    }

    private static String ofFormat2(Path checkpoint) throws IOException {
      return description(checkpoint)
          .replaceFirst(",\n  \"digest\" : \"sha256:[0-9a-f]{64}\"", "")
          .replaceFirst("\"format_version\" : \\d+", "\"format_version\" : 2");
    }

    /** Neither there nor listed. */
    private static void withoutPart(Path checkpoint, String name) throws IOException {
      String others =
          ofFormat2(checkpoint).replaceFirst("\"" + name + "\" : \"[0-9a-f]{64}\",", "");
      rewrite(checkpoint, others);
      Files.delete(checkpoint.resolve(name));
    }

    private static void rewrite(Path checkpoint, String description) throws IOException {
      rewrite(checkpoint, "model.json", description.getBytes(StandardCharsets.UTF_8));
    }

    /** Replaces a file and removes Hadoop's own checksum, which would give the damage away. */
    private static void rewrite(Path folder, String name, byte[] content) throws IOException {
      Files.deleteIfExists(folder.resolve("." + name + ".crc"));
      Files.write(folder.resolve(name), content);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theNewestCheckpointThatIsWholeIsUsed(Damage damage) throws IOException {
    Path run = copyOf(interrupted);
    try (RunFolder opened =
        RunFolder.open(run.toString(), new Configuration(), Duration.ofMinutes(1))) {
      assertThat(resumedRound(opened)).isEqualTo(5);

      damage.doTo(run.resolve("checkpoints/round-000005"));

      assertThat(resumedRound(opened)).isEqualTo(4);
    }
  }

  /** Twin of the damage above: without digests there is nothing wrong. */
  @Test
  void aCheckpointFromBeforeThereWereDigestsIsUsed() throws IOException {
    Path run = copyOf(interrupted);
    Path newest = run.resolve("checkpoints/round-000005");
    Damage.rewrite(newest, Damage.ofFormat2(newest));
    try (RunFolder opened =
        RunFolder.open(run.toString(), new Configuration(), Duration.ofMinutes(1))) {
      assertThat(resumedRound(opened)).isEqualTo(5);
    }
  }

  @Test
  void aRunWhoseVersionIsDamagedIsRefused() throws IOException {
    Path run = copyOf(interrupted);
    Path file = run.resolve("run.json");
    Files.writeString(file, Files.readString(file).replace(" : 3", " : 2"));

    assertThatThrownBy(
            () -> RunFolder.open(run.toString(), new Configuration(), Duration.ofMinutes(1)))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("run.json is damaged: it has the SHA-256");
  }

  private static long resumedRound(RunFolder folder) {
    return folder.resume(Resume.AUTO).orElseThrow().checkpoint().training().round();
  }

  @Test
  void aCheckpointThatWasPassedOverDoesNotPushGoodOnesOut() throws IOException {
    Path run = copyOf(interrupted);
    Files.move(run.resolve("checkpoints/round-000005"), run.resolve("checkpoints/round-000009"));
    Damage.WRITTEN_HALF.doTo(run.resolve("checkpoints/round-000009"));

    train(run, "training.max-rounds=6", "training.keep-checkpoints=1");

    assertThat(names(run.resolve("checkpoints"))).contains("round-000006");
    assertThat(train(run, "training.max-rounds=6")).contains("Nothing to do");
  }

  /** What is there was paid for: a run does not begin anew beside it without a word. */
  @Test
  void aRunOfWhichNoCheckpointCanBeUsedDoesNotBeginAnew() throws IOException {
    Path run = copyOf(interrupted);
    Damage.ONE_BIT.doTo(run.resolve("checkpoints/round-000004"));
    Damage.NO_JSON.doTo(run.resolve("checkpoints/round-000005"));

    assertThatThrownBy(() -> train(run))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContainingAll(
            "No checkpoint in ",
            "can be used",
            "round-000005/model.json is not valid JSON: it ends too early at line 1, column 2.");
  }

  @Test
  void aCheckpointOfAnUnknownArchitectureIsNotPassedOver() throws IOException {
    Path run = copyOf(interrupted);
    Path checkpoint = run.resolve("checkpoints/round-000005");
    String text = Files.readString(checkpoint.resolve("model.json"));
    String other = text.replaceFirst(",\n  \"digest\".*", "").replace("\"labml\"", "\"dit\"");
    Damage.rewrite(
        checkpoint, "model.json", SelfDigest.addTo(other.getBytes(StandardCharsets.UTF_8)));

    assertThatThrownBy(() -> train(run))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContaining("model.architecture.kind = \"dit\": must be one of labml, unet2d.");
  }

  @Test
  void checkpointsAreInTheOrderOfTheirRounds() throws IOException {
    Path run = copyOf(interrupted);
    Files.move(run.resolve("checkpoints/round-000005"), run.resolve("checkpoints/round-1000000"));
    Files.move(run.resolve("checkpoints/round-000004"), run.resolve("checkpoints/round-999999"));

    try (RunFolder opened =
        RunFolder.open(run.toString(), new Configuration(), Duration.ofMinutes(1))) {
      assertThat(resumedRound(opened)).isEqualTo(5);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "training.learning-rate=1e-3|training.learning-rate: 0.002 → 0.001",
        "training.workers=1|training.workers: 2 → 1",
        "training.seed=8|training.seed: 7 → 8",
        "model.dropout=0.2|model.dropout: 0.1 → 0.2",
        "diffusion.schedule=cosine|diffusion.schedule: linear → cosine",
      })
  void anotherSettingIsRefused(String assignment, String message) {
    assertThatThrownBy(() -> train(interrupted, assignment))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContainingAll("was started with other settings (" + message + ")");
  }

  @Test
  void trainingInAnotherPrecisionThanFloat32IsRefused() {
    Path run = folder.resolve("run");

    assertThatThrownBy(() -> train(run, "backend.precision=bfloat16"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessage(
            "backend.precision = bfloat16: must be float32 for training; a trained model is sampled"
                + " and evaluated in either. Cards (backend.device = cuda) train in each.");
    assertThat(run).doesNotExist();
  }

  @Test
  void trainingOnACardIsRefusedWhereThereIsNone() {
    assumeFalse(Files.exists(Path.of("/proc/driver/nvidia")), "this machine has a driver");
    Path run = folder.resolve("run");

    assertThatThrownBy(() -> train(run, "backend.device=cuda", "backend.precision=tf32"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContainingAll("There is no NVIDIA driver here", "backend.device = cpu");
    assertThat(run).doesNotExist();
  }

  @Test
  void imagesOfAnotherSizeAreRefused() {
    String other = folder.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), other, 12, 16);

    assertThatThrownBy(() -> train(other, interrupted))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("(model.height: 16 → 12, model.width: 12 → 16)");
  }

  /** Of the same number and size, as they come from the other end of the same file. */
  @Test
  void otherImagesAreRefusedAndTheSameElsewhereAreNot() throws IOException {
    String other = folder.resolve("other").toString();
    var reader = ImageTableReader.open(SPARK.session(), table);
    reader
        .table()
        .withColumn("id", lit(TinyExperiment.IMAGES - 1).minus(col("id")).cast("long"))
        .write()
        .parquet(other);
    String moved = folder.resolve("moved").toString();
    reader.table().repartition(3).write().parquet(moved);
    Path run = copyOf(interrupted);

    assertThatThrownBy(() -> train(other, run))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContainingAll(
            "was started on other images: " + table + " (64 images) with the fingerprint ",
            reader.fingerprint(),
            "and not " + other + " (64 images) with the fingerprint ",
            ImageTableReader.open(SPARK.session(), other).fingerprint());
    String fewer = folder.resolve("fewer").toString();
    reader.table().filter(col("id").lt(48)).write().parquet(fewer);
    assertThatThrownBy(() -> train(fewer, run))
        .isInstanceOf(DdpmException.class)
        .hasMessageContainingAll(
            "was started on other images: " + table + " (64 images)",
            "and not " + fewer + " (48 images)");
    assertThat(train(moved, run, "training.max-rounds=6")).contains("Going on after round 5 of 6.");
  }

  @Test
  void aFolderOfSomethingElseIsRefused() throws IOException {
    Files.writeString(folder.resolve("thesis.txt"), "precious");
    Path file = Files.writeString(folder.resolve("file"), "precious");

    for (Path taken : List.of(folder, file)) {
      assertThatThrownBy(() -> train(taken))
          .isInstanceOfSatisfying(
              DdpmException.class,
              e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
          .hasMessageContainingAll("--run = " + taken, "no folder of a training run");
    }
    assertThat(names(folder)).containsExactly("file", "thesis.txt");
  }

  @Test
  void aMissingTableLeavesNoRunFolder() {
    Path run = folder.resolve("run");

    assertThatThrownBy(() -> train(folder.resolve("none").toString(), run))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("does not exist");
    assertThat(run).doesNotExist();
  }
}
