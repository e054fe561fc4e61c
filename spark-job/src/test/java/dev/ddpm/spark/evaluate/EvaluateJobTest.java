package dev.ddpm.spark.evaluate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.rand;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.evaluation.BoundEvaluator;
import dev.ddpm.evaluation.ImageBound;
import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.SettingsFile;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.io.SealedFile;
import dev.ddpm.spark.sample.TinyModel;
import dev.ddpm.spark.stored.StoredModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkStatusTracker;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvaluateJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int IMAGES = 24;
  private static final ScheduleSpec SCHEDULE = new ScheduleSpec.Linear(20, 1e-3, 0.5);

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private static Path table;
  private static List<byte[]> pixels;

  @BeforeAll
  static void prepare() {
    model = TinyModel.write(shared.resolve("model"), 5, Preset.PAPER, SCHEDULE);
    pixels = new ArrayList<>();
    Random random = new Random(1);
    for (int id = 0; id < IMAGES; id++) {
      byte[] image = new byte[64];
      random.nextBytes(image);
      pixels.add(image);
    }
    table = write("table", 8, 8, 1);
  }

  /** The images in a number of files, in an order of their own. */
  private static Path write(String name, int height, int width, int files) {
    Path path = shared.resolve(name);
    RawTable.of(SPARK.session(), height, width, pixels)
        .orderBy(rand(files))
        .repartition(files)
        .write()
        .parquet(path.toString());
    return path;
  }

  private static SamplingConfig settings(String... assignments) {
    List<String> all = new ArrayList<>(List.of("sampling.micro-batch=4", "sampling.seed=3"));
    all.addAll(List.of(assignments));
    return Asked.settings(all.toArray(String[]::new));
  }

  private Asked asked(Path data, String output) {
    return new Asked(data, folder.resolve(output)).model(model).sampling(settings());
  }

  private EvaluateJob.Request request(Path data, String output) {
    return asked(data, output).request();
  }

  private static EvaluateJob.Result run(EvaluateJob.Request request) {
    return new EvaluateJob(SPARK.session(), new PrintWriter(new StringWriter())).run(request);
  }

  private static List<Row> rows(EvaluateJob.Result result) {
    return SPARK.session().read().parquet(result.tables().get(0)).orderBy("id").collectAsList();
  }

  private EvaluateJob.Request ofClasses(Path known, Path data, String output, boolean none) {
    return asked(data, output).model(known).timesteps(3).unconditional(none).request();
  }

  /** Labels 0, 1, and none. */
  private Path labelled() {
    Path path = folder.resolve("labelled");
    RawTable.of(SPARK.session(), 8, 8, pixels)
        .withColumn("label", when(col("id").mod(3).lt(2), col("id").mod(3).cast("int")))
        .write()
        .parquet(path.toString());
    return path;
  }

  @Test
  void imagesAreOfTheClassesOfTheirLabels() {
    Path known = TinyModel.write(folder.resolve("known"), 5, List.of("bag", "boot"));
    EvaluateJob.Result given = run(ofClasses(known, labelled(), "given", false));
    EvaluateJob.Result none = run(ofClasses(known, table, "none", false));
    EvaluateJob.Result asked = run(ofClasses(known, folder.resolve("labelled"), "asked", true));
    StoredModel stored =
        StoredModel.read(known.toString(), WeightChoice.EMA, new Configuration(false));
    var evaluator =
        new BoundEvaluator(
            stored.description().schedule().build(),
            Variance.FIXED_LARGE,
            Prediction.EPSILON,
            stored.network(BackendChoice.DEFAULT).create(),
            64,
            3,
            4,
            3);

    for (int id = 0; id < IMAGES; id++) {
      double expected =
          evaluator.evaluate(id, pixels.get(id), OptionalInt.of(id % 3), count -> {}).bitsPerDim();
      assertThat(rows(given).get(id).<Double>getAs("bits_per_dim")).isEqualTo(expected);
    }
    assertThat(given.lines().get(0)).contains(" bits/dim given the labels (standard error ");
    assertThat(given.summary()).containsEntry("classes", "labels");
    assertThat(none.lines().get(0)).contains(" bits/dim of images of no class (standard error ");
    assertThat(none.summary()).containsEntry("classes", "none");
    assertThat(rows(asked)).isEqualTo(rows(none)).isNotEqualTo(rows(given));
  }

  @Test
  void classesThatTheModelIsNotToldOrDoesNotKnowAreRefused() {
    Path numbered = TinyModel.write(folder.resolve("numbered"), 5, ClassLabels.numbered(2));
    Path known = TinyModel.write(folder.resolve("one"), 5, List.of("bag"));
    Path labelled = labelled();

    assertThatThrownBy(() -> run(ofClasses(numbered, table, "o", false)))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--data = "
                + table
                + ": has no labels, and the model needs to be told the class of every image.");
    assertThatThrownBy(() -> run(ofClasses(numbered, table, "o", true)))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--unconditional: the model knows no images of no class.");
    assertThatThrownBy(() -> run(ofClasses(model, table, "o", true)))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--unconditional: the model knows no classes; leave it out.");
    assertThatThrownBy(() -> run(ofClasses(numbered, labelled, "o", false)))
        .hasMessageContaining("has no label, and the model knows no images of no class.");
    assertThatThrownBy(() -> run(ofClasses(known, labelled, "o", false)))
        .hasMessageContaining("has the label 1, and the model knows the classes 0 to 0.");
  }

  /** What one evaluator in this JVM computes, without Spark. */
  private static List<ImageBound> alone(int timesteps) {
    StoredModel stored =
        StoredModel.read(model.toString(), WeightChoice.EMA, new Configuration(false));
    NoiseSchedule schedule = SCHEDULE.build();
    var evaluator =
        new BoundEvaluator(
            schedule,
            Variance.FIXED_LARGE,
            Prediction.EPSILON,
            stored.network(BackendChoice.DEFAULT).create(),
            64,
            timesteps,
            4,
            3);
    List<ImageBound> bounds = new ArrayList<>();
    for (int id = 0; id < IMAGES; id++) {
      bounds.add(evaluator.evaluate(id, pixels.get(id), OptionalInt.empty(), count -> {}));
    }
    return bounds;
  }

  @Test
  void aRowPerImageAsOneMachineComputesIt() {
    EvaluateJob.Result result = run(request(table, "out"));

    assertThat(rows(result))
        .extracting(
            row ->
                new ImageBound(
                    row.getAs("id"),
                    row.getAs("decoder"),
                    row.getAs("transitions"),
                    row.getAs("prior")))
        .isEqualTo(alone(19));
    assertThat(rows(result))
        .allSatisfy(
            row ->
                assertThat(row.<Double>getAs("bits_per_dim"))
                    .isEqualTo(
                        row.<Double>getAs("decoder")
                            + row.<Double>getAs("transitions")
                            + row.<Double>getAs("prior")));
  }

  @Test
  void theSummaryHasTheMeansAndTheSettings() throws IOException {
    EvaluateJob.Result result = run(request(table, "out"));
    double[] bits = alone(19).stream().mapToDouble(ImageBound::bitsPerDim).toArray();
    double mean = 0;
    for (double one : bits) {
      mean += one / bits.length;
    }
    double squares = 0;
    for (double one : bits) {
      squares += (one - mean) * (one - mean);
    }

    JsonNode json =
        new JsonMapper().readTree(Files.readString(folder.resolve("out/evaluation.json")));
    assertThat(json.get("bits_per_dim").asDouble()).isCloseTo(mean, within(1e-12));
    assertThat(json.get("standard_error").asDouble())
        .isCloseTo(Math.sqrt(squares / (IMAGES - 1) / IMAGES), within(1e-12));
    assertThat(
            json.get("decoder").asDouble()
                + json.get("transitions").asDouble()
                + json.get("prior").asDouble())
        .isCloseTo(mean, within(1e-12));
    assertThat(json.get("images").asInt()).isEqualTo(IMAGES);
    assertThat(json.get("timesteps").asInt()).isEqualTo(20);
    assertThat(json.get("timesteps_per_image").asInt()).isEqualTo(19);
    assertThat(json.get("variance").asText()).isEqualTo("fixed-large");
    assertThat(json.get("seed").asInt()).isEqualTo(3);
    assertThat(json.get("model_hash").asText()).hasSize(64);
    assertThat(result.summary().get("bits_per_dim")).isEqualTo(json.get("bits_per_dim").asDouble());
  }

  /** Whatever becomes of table and summary, it can be told from the files themselves. */
  @Test
  void whatIsWrittenCarriesDigestsOfItself() throws Exception {
    EvaluateJob.Result result = run(request(table, "out"));

    byte[] summary = Files.readAllBytes(folder.resolve("out/evaluation.json"));
    new Fuzz(
            summary,
            bytes -> new JsonMapper().readTree(EvaluateJob.FORMAT.upgrade(bytes, "x.json")))
        .run();
    SealedFile.requireDamageIsNoticed(Path.of(URI.create(result.tables().get(0))));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theCommandsOfTheDocumentTellWhetherAFileIsAsItWasWritten() throws Exception {
    String document = Files.readString(Path.of("EVALUATION.md"));
    int commands = document.indexOf("```sh\ngrep ") + "```sh\n".length();
    String script = document.substring(commands, document.indexOf("```", commands));
    run(request(table, "out"));

    List<String> intact = digests(script);
    assertThat(intact).hasSize(4);
    assertThat(intact.get(1)).hasSize(64).isEqualTo(intact.get(0));
    assertThat(intact.get(3)).hasSize(64).isEqualTo(intact.get(2));
    for (String name : List.of("evaluation.json", "bits-per-dim.parquet")) {
      byte[] bytes = Files.readAllBytes(folder.resolve("out").resolve(name));
      bytes[bytes.length / 4] ^= 1;
      Files.write(folder.resolve("out").resolve(name), bytes);
    }
    List<String> damaged = digests(script);
    assertThat(damaged.get(1)).hasSize(64).isNotEqualTo(damaged.get(0));
    assertThat(damaged.get(3)).hasSize(64).isNotEqualTo(damaged.get(2));
  }

  private List<String> digests(String script) throws Exception {
    Process shell =
        new ProcessBuilder("bash", "-c", script).directory(folder.resolve("out").toFile()).start();
    try (var lines = shell.inputReader()) {
      return lines.lines().map(line -> line.replaceAll("sha256:|  -", "")).toList();
    }
  }

  /** Version 0.1 wrote no digest. */
  @Test
  void aSummaryOfTheFirstVersionIsRead() throws IOException {
    byte[] first = "{\"images\": 24}".getBytes(StandardCharsets.UTF_8);

    assertThat(new JsonMapper().readTree(EvaluateJob.FORMAT.upgrade(first, "x.json")).get("images"))
        .hasToString("24");
  }

  @Test
  void filesAndOrderOfTheTableDoNotMatter() {
    Path shuffled = write("shuffled", 8, 8, 5);

    assertThat(rows(run(request(shuffled, "b")))).isEqualTo(rows(run(request(table, "a"))));
  }

  @Test
  void fewerImagesAndTimestepsAreThoseOfTheWhole() {
    EvaluateJob.Result result = run(asked(table, "out").images(5).timesteps(3).request());

    assertThat(rows(result))
        .extracting(row -> row.<Double>getAs("transitions"))
        .isEqualTo(alone(3).stream().limit(5).map(ImageBound::transitions).toList());
    assertThat(result.summary().get("images")).isEqualTo(5L);
    assertThat(result.summary().get("timesteps_per_image")).isEqualTo(3);
  }

  @Test
  void fiftyTimestepsUnlessToldOtherwise() {
    Path longer =
        TinyModel.write(folder.resolve("longer"), 5, Preset.PAPER, new ScheduleSpec.Cosine(60));
    EvaluateJob.Request request = asked(table, "out").model(longer).images(1).request();

    assertThat(run(request).summary().get("timesteps_per_image")).isEqualTo(50);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 3 | --images = 0: must be 1 to 24, those of the table.",
        "25 | 3 | --images = 25: must be 1 to 24, those of the table.",
        "5 | 0 | --timesteps = 0: must be 1 to 19, one less than the model has.",
        "5 | 20 | --timesteps = 20: must be 1 to 19, one less than the model has.",
      })
  void numbersThatThereAreNotAreRefused(long images, int timesteps, String message) {
    EvaluateJob.Request request = asked(table, "out").images(images).timesteps(timesteps).request();

    assertThatThrownBy(() -> run(request)).isInstanceOf(DdpmException.class).hasMessage(message);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void aModelOfAnotherRangeIsRefused() {
    Path labml = TinyModel.write(folder.resolve("labml"), 5, Preset.LABML, SCHEDULE);
    EvaluateJob.Request request = asked(table, "out").model(labml).request();

    assertThatThrownBy(() -> run(request))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has the data range zero-to-one")
        .hasMessageContaining("defined only for minus-one-to-one");
  }

  @Test
  void imagesOfAnotherSizeAreRefused() {
    Path wide = write("wide", 4, 16, 1);

    assertThatThrownBy(() -> run(request(wide, "out")))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has images of 4×16×1, but the model makes 8×8×1");
  }

  @Test
  void nothingIsWrittenOver() throws IOException {
    Files.createDirectories(folder.resolve("out"));
    Files.writeString(folder.resolve("out/mine.txt"), "mine");

    assertThatThrownBy(() -> run(request(table, "out")))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("is not empty; nothing is ever overwritten");
    assertThat(folder.resolve("out").toFile().list()).containsExactly("mine.txt");
  }

  /** Both find the folder empty, and one is done first. */
  @Test
  void ofTwoJobsAtATimeOneSaysThatItHasWritten() {
    List<CompletableFuture<EvaluateJob.Result>> jobs = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      jobs.add(CompletableFuture.supplyAsync(() -> run(request(table, "out"))));
    }

    List<Throwable> refused =
        jobs.stream()
            .map(running -> running.handle((result, failure) -> failure).join())
            .filter(Objects::nonNull)
            .toList();
    assertThat(refused)
        .singleElement()
        .extracting(Throwable::getCause)
        .isInstanceOfSatisfying(
            DdpmException.class,
            told ->
                assertThat(told)
                    .hasMessageContaining("--output = ")
                    .hasMessageContaining("nothing is ever overwritten")
                    .returns(DdpmException.Category.USER, DdpmException::category));
  }

  /** On executor processes: long enough to be killed in, 1,000 timesteps one by one. */
  @Test
  void anExecutorKilledInTheMiddleChangesNothing() throws Exception {
    Path slow =
        TinyModel.write(folder.resolve("slow"), 5, Preset.PAPER, new ScheduleSpec.Cosine(1000));
    List<Row> undisturbed = rows(run(slowly(slow, "a")));
    SparkSession cluster =
        SPARK.session("local-cluster[2,1,1024]", LocalSpark.executorSettings(""));
    var job = new EvaluateJob(cluster, new PrintWriter(new StringWriter()));

    var evaluation = CompletableFuture.supplyAsync(() -> job.run(slowly(slow, "b")));
    await()
        .atMost(Duration.ofMinutes(2))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> evaluation.isDone() || hasEvaluatedSome(cluster));
    assertThat(evaluation).isNotDone();
    ProcessHandle killed =
        ProcessHandle.current()
            .descendants()
            .filter(process -> process.info().command().orElse("").endsWith("/java"))
            .findFirst()
            .orElseThrow();
    killed.destroyForcibly();

    EvaluateJob.Result result = evaluation.get(3, TimeUnit.MINUTES);
    assertThat(killed.isAlive()).isFalse();
    assertThat(rows(result)).isEqualTo(undisturbed);
  }

  /** With the settings that the page on security tells users to take. */
  @Test
  void anAuthenticatedAndEncryptedClusterComputesTheSame() throws IOException {
    List<Row> open = rows(run(request(table, "a")));
    Map<String, String> settings = new HashMap<>(LocalSpark.executorSettings(""));
    settings.putAll(SettingsFile.read(Path.of("../conf/spark-defaults/secure.conf"), "\\s+"));
    settings.put("spark.authenticate.secret", "of this test");
    SparkSession cluster = SPARK.session("local-cluster[1,1,1024]", settings);

    EvaluateJob.Result result =
        new EvaluateJob(cluster, new PrintWriter(new StringWriter())).run(request(table, "b"));

    var security = SparkEnv.get().securityManager();
    assertThat(security.isAuthenticationEnabled()).isTrue();
    assertThat(security.isEncryptionEnabled()).isTrue();
    assertThat(security.getIOEncryptionKey().isDefined()).isTrue();
    assertThat(rows(result)).isEqualTo(open);
  }

  /** Whether the stage of four tasks per slot has ended one of them. */
  private static boolean hasEvaluatedSome(SparkSession cluster) {
    SparkStatusTracker tracker = cluster.sparkContext().statusTracker();
    return Arrays.stream(tracker.getActiveStageIds())
        .mapToObj(stage -> tracker.getStageInfo(stage).get())
        .anyMatch(stage -> stage.numTasks() == 8 && stage.numCompletedTasks() > 0);
  }

  private EvaluateJob.Request slowly(Path slow, String output) {
    return asked(table, output)
        .model(slow)
        .timesteps(999)
        .sampling(settings("sampling.micro-batch=1"))
        .request();
  }
}
