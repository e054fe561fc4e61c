package dev.ddpm.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.LoadedConfig;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.sample.SampleJob;
import dev.ddpm.spark.train.Resume;
import dev.ddpm.spark.train.TrainJob;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What version 0.1 wrote goes on: the folders of {@code src/test/resources/stored/0.1}, whose
 * README says how they were made.
 *
 * <p>What is computed depends on the processor within rounding. So it is compared with what version
 * 0.1 came to within a tolerance; and to the bit where this machine computes as the one on which
 * the folders were made, which is seen from what both have computed.
 */
class StoredFoldersTest {
  private static final List<TensorFile> PARTS =
      List.of(TensorFile.WEIGHTS, TensorFile.EMA, TensorFile.UPDATER);

  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Path STORED = Path.of("src/test/resources/stored/0.1");
  private static final String TABLE = STORED.resolve("table").toString();

  private static final List<String> SETTINGS =
      List.of(
          "model.channels=8",
          "model.channel-multipliers=[1,2]",
          "model.attention=[false,true]",
          "model.blocks=1",
          "model.norm-groups=4",
          "diffusion.timesteps=50",
          "diffusion.beta-last=0.2",
          "training.workers=2",
          "training.batch-size=4",
          "training.averaging-frequency=3",
          "training.epochs=6",
          "training.learning-rate=2e-3",
          "training.warm-up-steps=5",
          "training.schedule=cosine",
          "training.ema-decay=0.9",
          "training.checkpoint-every=1",
          "training.keep-checkpoints=2",
          "training.seed=7",
          "validation.fraction=0.125",
          "validation.every=2",
          "sampling.micro-batch=4",
          "sampling.shard-size=8",
          "sampling.seed=11");

  @TempDir static Path shared;
  @TempDir Path folder;

  /** The stored run after it has gone on to its end. */
  private static Path resumed;

  private static String printed;

  @BeforeAll
  static void goOn() throws IOException {
    resumed = copy(STORED.resolve("run"), shared.resolve("run"));
    printed = train(resumed);
  }

  private static LoadedConfig settings(String... more) {
    List<String> all = new ArrayList<>(SETTINGS);
    all.addAll(List.of(more));
    return ConfigLoader.load(Optional.empty(), all);
  }

  private static String train(Path run, String... more) {
    var text = new StringWriter();
    new TrainJob(
            SPARK.session(),
            settings(more),
            TABLE,
            run.toString(),
            Resume.AUTO,
            new PrintWriter(text, true))
        .run();
    return text.toString();
  }

  private static SampleJob.Result sample(Path output) {
    return new SampleJob(SPARK.session(), new PrintWriter(new StringWriter()))
        .run(
            new SampleJob.Request(
                STORED.resolve("model").toString(),
                output.toString(),
                40,
                settings().experiment().sampling()));
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
    return to;
  }

  private static JsonNode json(Path file) throws IOException {
    return new JsonMapper().readTree(file.toFile());
  }

  private static float[] values(Path model, TensorFile file) {
    ModelFolder stored = ModelFolder.open(new LocalFileStore(model));
    var flat = new FlatTensors(ParameterLayout.of(stored.description().architecture()));
    return file == TensorFile.UPDATER ? flat.readMoments(stored) : flat.read(stored, file);
  }

  /** Root mean square of the difference, relative to that of the expected values. */
  private static double distance(float[] actual, float[] expected) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow(actual[i] - expected[i], 2);
      size += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / size);
  }

  @Test
  void theImageTableIsRead() {
    ImageTableReader table = ImageTableReader.open(SPARK.session(), TABLE);

    assertThat(table.images()).isEqualTo(48);
    assertThat(table.fingerprint())
        .isEqualTo("ba2e09a5bb13f1bb39fddeb660269999619bf7a2950e6752488b9cd65a958f9d");
  }

  @Test
  void theRunIsRefusedOtherImagesThanThoseOfTheTableThatItNames() throws IOException {
    ImageTableReader images = ImageTableReader.open(SPARK.session(), TABLE);
    List<byte[]> black =
        Collections.nCopies((int) images.images(), new byte[images.imageShape().size()]);
    Path others = folder.resolve("others");
    RawTable.of(SPARK.session(), images.height(), images.width(), black)
        .write()
        .parquet(others.toString());
    Path run = copy(STORED.resolve("run"), folder.resolve("run"));
    Path model = run.resolve("checkpoints/round-000005/model.json");
    String named = "\"data.table\" : \"%s\"";
    Files.writeString(
        model, Files.readString(model).replace(named.formatted("table"), named.formatted(others)));

    assertThatThrownBy(() -> train(run))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("was started on other images: " + others + " (")
        .hasMessageContaining("and not " + TABLE);
  }

  @Test
  void theRunGoesOnToTheWeightsThatItsVersionCameTo() throws IOException {
    assertThat(printed).contains("Going on after round 5 of 12.").contains("round 12/12 ·");
    assertThat(printed).contains("did not take down which images it has");
    for (TensorFile file : PARTS) {
      // A seventh of the weights' way since round 5 would be 1e-2; processors differ by 1e-5.
      assertThat(
              distance(
                  values(resumed.resolve("model"), file), values(STORED.resolve("model"), file)))
          .as(file.fileName())
          .isLessThan(1e-3);
    }
    assertThat(json(resumed.resolve("model/training.json")))
        .isEqualTo(json(STORED.resolve("model/training.json")));
  }

  @Test
  void theMetricsOfItsRoundsAreKeptUnderTheirNewNames() throws IOException {
    List<String> before = Files.readAllLines(STORED.resolve("finished/metrics.jsonl"));
    List<String> after = Files.readAllLines(resumed.resolve("metrics.jsonl"));

    assertThat(after).hasSameSizeAs(before);
    for (int i = 0; i < before.size(); i++) {
      JsonNode was = new JsonMapper().readTree(before.get(i));
      JsonNode is = new JsonMapper().readTree(after.get(i));
      assertThat(is.get("round")).isEqualTo(was.get("round"));
      assertThat(is.get("learning_rate")).isEqualTo(was.get("learningRate"));
      assertThat(is.get("loss").asDouble()).isCloseTo(was.get("loss").asDouble(), within(1e-2));
      assertThat(after.get(i)).doesNotContainPattern("\"\\w*[A-Z]\\w*\":");
    }
    assertThat(json(resumed.resolve("run.json")).get("format_version").asInt()).isEqualTo(3);
  }

  @Test
  void fromThenOnTheRunKnowsItsImages() {
    assertThat(
            ModelFolder.open(new LocalFileStore(resumed.resolve("model")))
                .description()
                .provenance())
        .containsEntry(
            "data.fingerprint", ImageTableReader.open(SPARK.session(), TABLE).fingerprint());
  }

  @Test
  void onTheSameProcessorItIsTheSameToTheBit() throws IOException {
    Path undisturbed = shared.resolve("undisturbed");
    train(undisturbed, "training.keep-checkpoints=12");
    String checkpoint = "checkpoints/round-000005/weights.safetensors";
    assumeTrue(
        Files.mismatch(undisturbed.resolve(checkpoint), STORED.resolve("run").resolve(checkpoint))
            < 0,
        "another processor than that of the stored run");

    for (TensorFile file : PARTS) {
      assertThat(resumed.resolve("model").resolve(file.fileName()))
          .hasSameBinaryContentAs(STORED.resolve("model").resolve(file.fileName()));
      assertThat(undisturbed.resolve("model").resolve(file.fileName()))
          .hasSameBinaryContentAs(STORED.resolve("model").resolve(file.fileName()));
    }
  }

  @Test
  void aLongerRunNamesWhatWasChangedAndWhatWouldWork() throws IOException {
    Path run = copy(STORED.resolve("run"), folder.resolve("run"));

    assertThatThrownBy(() -> train(run, "training.epochs=12"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContainingAll(
            "training.epochs: 6 → 12",
            "training.schedule = cosine",
            "set training.decay-steps=36",
            "--from");
    // Who sets the number of steps is told of that, whatever else changes.
    assertThatThrownBy(() -> train(run, "training.epochs=12", "training.decay-steps=40"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("other settings (training.decay-steps: 36 → 40);");
    assertThat(train(run, "training.epochs=7", "training.decay-steps=36", "training.max-rounds=6"))
        .contains("Going on after round 5 of 6.");
  }

  @Test
  void theSampleFolderIsCompleted() throws IOException {
    Path output = copy(STORED.resolve("samples"), folder.resolve("samples"));
    JsonNode finished = json(STORED.resolve("finished/manifest.json"));

    SampleJob.Result result = sample(output);

    assertThat(result.images()).isEqualTo(40);
    assertThat(result.drawn()).isEqualTo(24);
    JsonNode manifest = json(output.resolve("manifest.json"));
    assertThat(manifest.get("complete").asBoolean()).isTrue();
    assertThat(manifest.get("settings")).isEqualTo(finished.get("settings"));
    assertThat(output.resolve("images/000000000000-000000000007.parquet"))
        .hasSameBinaryContentAs(STORED.resolve("samples/images/000000000000-000000000007.parquet"));

    Path anew = folder.resolve("anew");
    sample(anew);
    JsonNode drawn = json(anew.resolve("manifest.json"));
    assumeTrue(
        drawn.at("/shards/0/fingerprint").equals(finished.at("/shards/0/fingerprint"))
            && drawn.at("/shards/1/fingerprint").equals(finished.at("/shards/1/fingerprint")),
        "another processor than that of the stored images");
    assertThat(manifest.get("fingerprint")).isEqualTo(finished.get("fingerprint"));
    assertThat(drawn.get("fingerprint")).isEqualTo(finished.get("fingerprint"));
  }

  /** Sample folders name their model by its hash. */
  @Test
  void theModelHasTheHashThatItHad() throws IOException {
    assertThat(
            ModelFolder.open(new LocalFileStore(STORED.resolve("model"))).modelHash(TensorFile.EMA))
        .isEqualTo(
            json(STORED.resolve("samples/manifest.json")).at("/settings/model_hash").asText());
  }

  @ParameterizedTest
  @CsvSource({
    "run, run/checkpoints/round-000005/model.json, 5",
    "run, run/run.json, 3",
    "samples, samples/manifest.json, 2",
    "model, model/model.json, 5",
    "table, table/_dataset.json, 3"
  })
  void whatANewerVersionWroteIsRefused(String kind, String document, int newest)
      throws IOException {
    for (String name : List.of("run", "samples", "model", "table")) {
      copy(STORED.resolve(name), folder.resolve(name));
    }
    Path file = folder.resolve(document);
    ObjectNode json =
        Files.exists(file) ? (ObjectNode) json(file) : new JsonMapper().createObjectNode();
    Files.writeString(file, json.put("format_version", 99).toString());
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));

    assertThatThrownBy(
            () -> {
              switch (kind) {
                case "run" -> train(folder.resolve("run"));
                case "samples" -> sample(folder.resolve("samples"));
                case "model" -> ModelFolder.open(new LocalFileStore(folder.resolve("model")));
                default ->
                    ImageTableReader.open(SPARK.session(), folder.resolve("table").toString());
              }
            })
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageEndingWith(
            "%s was written by a newer version of this program (format 99; this one reads up to"
                + " %d): use that version.",
            document, newest);
  }
}
