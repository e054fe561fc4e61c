package dev.ddpm.spark.ema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.train.Resume;
import dev.ddpm.spark.train.TrainJob;
import dev.ddpm.training.PowerProfile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Averages of a run of 36 rounds, whose weights after every round are known. */
class EmaJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int ROUNDS = 12 * TinyExperiment.ROUNDS_PER_EPOCH;

  @TempDir static Path shared;
  @TempDir Path folder;

  private static String table;
  private static Path whole;

  @BeforeAll
  static void trainOnce() {
    table = shared.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    whole = shared.resolve("whole");
    train(whole, "training.checkpoint-every=1", "training.keep-checkpoints=100");
  }

  private static void train(Path run, String... assignments) {
    List<String> all = new ArrayList<>(List.of("training.epochs=12", "training.ema-profiles=true"));
    all.addAll(List.of(assignments));
    new TrainJob(
            SPARK.session(),
            TinyExperiment.with(all.toArray(String[]::new)),
            table,
            run.toString(),
            Resume.AUTO,
            new PrintWriter(Writer.nullWriter()))
        .run();
  }

  private static float[] read(Path model, TensorFile file) {
    ModelFolder stored = ModelFolder.open(new LocalFileStore(model));
    return new FlatTensors(ParameterLayout.of(stored.description().architecture()))
        .read(stored, file);
  }

  private EmaJob.Result make(Path run, double width) {
    return new EmaJob(new Configuration())
        .run(
            new EmaJob.Request(
                run.toString(), new PowerProfile(width), folder.resolve("model").toString()));
  }

  /** The rounds of an epoch have 24, 24 and 16 images. */
  private static long images(int rounds) {
    return rounds / 3 * 64L + rounds % 3 * 24L;
  }

  /** From the weights after every round, in float64. */
  private static double[] exact(double width) {
    var profile = new PowerProfile(width);
    double[] average = {};
    for (int round = 1; round <= ROUNDS; round++) {
      float[] weights =
          read(whole.resolve("checkpoints/round-%06d".formatted(round)), TensorFile.WEIGHTS);
      average = average.length == 0 ? new double[weights.length] : average;
      double keep = profile.decay(images(round - 1), images(round));
      for (int i = 0; i < weights.length; i++) {
        average[i] = keep * average[i] + (1 - keep) * weights[i];
      }
    }
    return average;
  }

  private static double deviation(float[] a, double[] b) {
    double square = 0;
    for (int i = 0; i < a.length; i++) {
      square += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(square / a.length);
  }

  /** As a part of how far the last weights are from the average. */
  @ParameterizedTest
  @CsvSource({"0.05, 1e-5", "0.1, 1e-5", "0.07, 0.01", "0.15, 0.01", "0.2, 0.02", "0.03, 0.1"})
  void anyWidthIsMadeOfThinnedSnapshots(double width, double bound) {
    double[] exact = exact(width);
    double scale = deviation(read(whole.resolve("model"), TensorFile.WEIGHTS), exact);

    EmaJob.Result result = make(whole, width);

    assertThat(result.round()).isEqualTo(ROUNDS);
    assertThat(result.snapshots()).isEqualTo(18);
    assertThat(result.missing()).isEmpty();
    assertThat(deviation(read(folder.resolve("model"), TensorFile.EMA), exact))
        .isLessThan(bound * scale);
  }

  @Test
  void theModelIsThatOfTheRunWithAnotherAverage() {
    make(whole, 0.15);

    ModelFolder of = ModelFolder.open(new LocalFileStore(whole.resolve("model")));
    ModelFolder made = ModelFolder.open(new LocalFileStore(folder.resolve("model")));
    assertThat(made.modelHash(TensorFile.WEIGHTS)).isEqualTo(of.modelHash(TensorFile.WEIGHTS));
    assertThat(made.modelHash(TensorFile.EMA)).isNotEqualTo(of.modelHash(TensorFile.EMA));
    assertThat(made.description().provenance())
        .containsEntry("ema.run", whole.toString())
        .containsEntry("ema.round", "36")
        .containsEntry("ema.width", "0.15")
        .containsEntry("data.table", table)
        .doesNotContainKey("profiles.images");
    assertThat(made.has(TensorFile.UPDATER)).isFalse();
  }

  @Test
  void keepingAveragesChangesNothingElse() throws IOException {
    Path plain = folder.resolve("plain");
    train(plain, "training.ema-profiles=false", "training.max-rounds=4");

    for (String file : List.of("weights", "ema", "updater")) {
      String name = "checkpoints/round-000004/" + file + ".safetensors";
      assertThat(plain.resolve(name)).hasSameBinaryContentAs(whole.resolve(name));
    }
    assertThat(plain.resolve("profiles")).doesNotExist();
    assertThat(whole.resolve("model/profiles.safetensors")).doesNotExist();
  }

  /** It ends within an epoch at a round that keeps none, and loses its newest checkpoint. */
  @Test
  void aRunThatGoesOnEndsWithTheSameSnapshots() throws IOException {
    Path parts = folder.resolve("parts");
    train(parts, "training.max-rounds=35");
    assertThat(snapshots(parts)).contains("round-000034", "round-000035");
    delete(parts.resolve("checkpoints/round-000035"));
    train(parts);

    assertThat(snapshots(parts)).isEqualTo(snapshots(whole)).hasSize(18).endsWith("round-000036");
    for (String snapshot : snapshots(whole)) {
      for (String file : List.of("weights", "profiles")) {
        String name = "profiles/" + snapshot + "/" + file + ".safetensors";
        assertThat(parts.resolve(name)).as(name).hasSameBinaryContentAs(whole.resolve(name));
      }
    }
  }

  @Test
  void aDamagedSnapshotIsNamed() throws IOException {
    Path run = copyOfWhole();
    Path file = run.resolve("profiles/round-000010/profiles.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);

    assertThatThrownBy(() -> make(run, 0.15))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("profiles/round-000010/profiles.safetensors");
    assertThat(folder.resolve("model/model.json")).doesNotExist();
  }

  @Test
  void amongOthersAMissingSnapshotIsNamedAndDoneWithout() throws IOException {
    Path run = copyOfWhole();
    delete(run.resolve("profiles/round-000010"));
    Files.delete(run.resolve("profiles/round-000020/model.json"));

    EmaJob.Result result = make(run, 0.15);

    assertThat(result.missing()).containsExactly(10L, 20L);
    assertThat(result.snapshots()).isEqualTo(16);
    assertThat(result.error()).isGreaterThan(EmaJobTest.error(whole, folder.resolve("other")));
  }

  private static double error(Path run, Path output) {
    return new EmaJob(new Configuration())
        .run(new EmaJob.Request(run.toString(), new PowerProfile(0.15), output.toString()))
        .error();
  }

  @Test
  void whatCannotBeMadeIsRefused() {
    assertThatThrownBy(() -> make(whole, 0.01))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--width = 0.01: the 18 snapshots in ")
        .hasMessageContaining(
            "take a width that is nearer to those that were kept (0.05 and 0.1).");
    assertThat(folder.resolve("model")).doesNotExist();
  }

  @Test
  void aRunWithoutAveragesSaysHowToKeepThem() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));

    assertThatThrownBy(() -> make(run, 0.15))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--run = %s: has no snapshots of averages; a run keeps them with"
                + " training.ema-profiles = true, from its beginning on.",
            run);
  }

  @Test
  void aCheckpointThatHasLostItsAveragesIsPassedOver() throws IOException {
    Path run = folder.resolve("run");
    train(run, "training.max-rounds=4");
    for (String name : List.of("round-000002", "round-000004")) {
      Files.delete(run.resolve("checkpoints").resolve(name).resolve("profiles.safetensors"));
    }

    assertThatThrownBy(() -> train(run))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("profiles.safetensors does not exist");
  }

  @Test
  void averagesAreOfTheRunFromItsBeginning() {
    Path run = folder.resolve("run");
    train(run, "training.ema-profiles=false", "training.max-rounds=2");

    assertThatThrownBy(() -> train(run, "training.max-rounds=3"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("training.ema-profiles: false → true");
  }

  /** The widths that were kept are there to the rounding. */
  @Test
  void aKeptWidthIsTheSnapshotItself() {
    make(whole, 0.1);
    float[] made = read(folder.resolve("model"), TensorFile.EMA);
    ModelFolder last = ModelFolder.open(new LocalFileStore(whole.resolve("profiles/round-000036")));
    float[] both =
        new FlatTensors(ParameterLayout.of(last.description().architecture())).readProfiles(last);

    assertThat(made)
        .containsExactly(Arrays.copyOfRange(both, made.length, 2 * made.length), within(1e-7f));
  }

  private static List<String> snapshots(Path run) throws IOException {
    try (Stream<Path> files = Files.list(run.resolve("profiles"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private Path copyOfWhole() throws IOException {
    Path copy = folder.resolve("copy");
    try (Stream<Path> files = Files.walk(whole.resolve("profiles"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // Not the hidden checksums: another fault than that of Hadoop's file system is tried.
        if (!file.getFileName().toString().startsWith(".")) {
          Path target = copy.resolve(whole.relativize(file).toString());
          Files.createDirectories(target.getParent());
          Files.copy(file, target);
        }
      }
    }
    return copy;
  }

  private static void delete(Path path) throws IOException {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
