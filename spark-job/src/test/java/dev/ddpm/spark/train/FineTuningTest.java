package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.config.WeightChoice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs that start from a model: that of {@link TinyExperiment} after 3 rounds of 8 steps. */
class FineTuningTest {
  private static final List<TensorFile> PARTS =
      List.of(TensorFile.WEIGHTS, TensorFile.EMA, TensorFile.UPDATER);

  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  /** With such a rate nothing is learnt: what comes out is what went in. */
  private static final String STANDSTILL = "training.learning-rate=1e-30";

  @TempDir static Path shared;
  @TempDir Path folder;

  private static String table;
  private static Path base;

  @BeforeAll
  static void trainOnce() {
    table = shared.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    base = shared.resolve("base");
    train(base, Optional.empty(), "training.epochs=1");
  }

  private static String train(Path run, Optional<StartingModel> from, String... assignments) {
    var printed = new StringWriter();
    new TrainJob(
            SPARK.session(),
            TinyExperiment.with(assignments),
            table,
            run.toString(),
            Resume.AUTO,
            from,
            new PrintWriter(printed, true))
        .run();
    return printed.toString();
  }

  private static Optional<StartingModel> from(WeightChoice weights, boolean moments) {
    return Optional.of(new StartingModel(base.toString(), weights, moments));
  }

  private static ModelFolder model(Path run) {
    return ModelFolder.open(new LocalFileStore(run.resolve("model")));
  }

  private static float[] values(Path run, TensorFile file) {
    ModelFolder model = model(run);
    return new FlatTensors(ParameterLayout.of(model.description().architecture()))
        .read(model, file);
  }

  @ParameterizedTest
  @EnumSource
  void aRunStartsFromTheWeightsOfTheModel(WeightChoice weights) {
    Path run = folder.resolve("run");
    TensorFile file = weights == WeightChoice.EMA ? TensorFile.EMA : TensorFile.WEIGHTS;

    String printed = train(run, from(weights, false), STANDSTILL, "training.max-rounds=1");

    assertThat(printed).contains("weights of " + base + ", with a new optimiser.");
    assertThat(values(run, TensorFile.WEIGHTS)).isEqualTo(values(base, file));
    assertThat(model(run).training().orElseThrow().step()).isEqualTo(3);
    assertThat(model(run).description().provenance())
        .containsEntry("from.model", base.toString())
        .containsEntry("from.weights", weights.name().toLowerCase(java.util.Locale.ROOT))
        .containsEntry("from.moments", "false")
        .containsEntry("from.step", "0")
        .containsEntry("from.model-hash", model(base).modelHash(file));
  }

  @Test
  void withItsMomentsTheOptimiserGoesOn() {
    Path run = folder.resolve("run");

    String printed = train(run, from(WeightChoice.RAW, true), STANDSTILL, "training.max-rounds=1");

    assertThat(printed).contains("with its optimiser after 8 steps.");
    assertThat(values(run, TensorFile.WEIGHTS)).isEqualTo(values(base, TensorFile.WEIGHTS));
    assertThat(model(run).training().orElseThrow().step()).isEqualTo(8 + 3);
    assertThat(model(run).description().provenance()).containsEntry("from.step", "8");
    // The warm-up of the new run begins with its own first step.
    assertThat(printed).containsPattern("round 1/1 .* lr 6.00e-31");
  }

  @Test
  void suchARunGoesOnToTheSameModelWhateverBecomesOfTheOther() throws IOException {
    Path whole = folder.resolve("whole");
    Path parts = folder.resolve("parts");
    Path moved = folder.resolve("moved");
    Optional<StartingModel> from =
        Optional.of(new StartingModel(moved.toString(), WeightChoice.RAW, true));
    Files.createDirectories(moved);
    for (TensorFile file : PARTS) {
      Files.copy(base.resolve("model").resolve(file.fileName()), moved.resolve(file.fileName()));
    }
    Files.copy(base.resolve("model/training.json"), moved.resolve("training.json"));
    Files.copy(base.resolve("model/model.json"), moved.resolve("model.json"));
    train(whole, from, "training.epochs=1");
    train(parts, from, "training.epochs=1", "training.max-rounds=2");
    Files.delete(moved.resolve("model.json"));

    assertThat(train(parts, from, "training.epochs=1"))
        .contains("Going on after round 2 of 3.")
        .doesNotContain("Starting from");
    for (TensorFile file : PARTS) {
      assertThat(parts.resolve("model").resolve(file.fileName()))
          .hasSameBinaryContentAs(whole.resolve("model").resolve(file.fileName()));
    }
    assertThat(model(parts).description().provenance())
        .isEqualTo(model(whole).description().provenance());
    assertThat(train(parts, from, "training.epochs=1")).contains("Nothing to do");
  }

  @Test
  void anotherStartIsAnotherRun() {
    Path run = folder.resolve("run");
    train(run, from(WeightChoice.EMA, false), "training.max-rounds=1");

    assertThatThrownBy(() -> train(run, from(WeightChoice.RAW, false)))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("(from.weights: ema → raw)");
    assertThatThrownBy(() -> train(base, from(WeightChoice.RAW, false), "training.epochs=1"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--run = " + base)
        .hasMessageEndingWith(
            "was not begun from a model, and --from begins a new run; leave --from out, or name a"
                + " new folder.");
  }

  /** What a run was begun from is read once: later it may be named otherwise, or not at all. */
  @Test
  void aRunGoesOnHoweverItsModelIsNamed() {
    Path run = folder.resolve("run");
    train(run, from(WeightChoice.EMA, false), "training.max-rounds=1");
    Optional<StartingModel> otherPath =
        Optional.of(new StartingModel(base + "/", WeightChoice.EMA, false));

    assertThat(train(run, otherPath, "training.max-rounds=2")).contains("Going on after round 1");
    assertThat(train(run, Optional.empty(), "training.max-rounds=3"))
        .contains("Going on after round 2");
    assertThat(model(run).description().provenance()).containsEntry("from.model", base.toString());
  }

  @Test
  void anotherNetworkIsRefusedByNameAndLeavesNoFolder() {
    Path run = folder.resolve("run");

    assertThatThrownBy(
            () -> train(run, from(WeightChoice.EMA, false), "model.channel-multipliers=[1, 1]"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining("--from = " + base)
        .hasMessageContaining("(model.channel-multipliers: [1,2] → [1,1])");
    assertThat(run).doesNotExist();
    assertThat(
            train(run, from(WeightChoice.EMA, false), "model.dropout=0.3", "training.max-rounds=1"))
        .contains("Starting from the averaged weights");
  }

  @Test
  void whatTheModelLacksIsNamed() {
    Path plain = folder.resolve("plain");
    train(
        plain,
        Optional.empty(),
        "training.ema-decay=0",
        "training.optimiser=sgd",
        "training.max-rounds=1");
    Path run = folder.resolve("run");

    assertThatThrownBy(
            () ->
                train(
                    run, Optional.of(new StartingModel(plain.toString(), WeightChoice.EMA, false))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has no moving average of its weights; use --from-weights raw.");
    assertThatThrownBy(
            () ->
                train(
                    run, Optional.of(new StartingModel(plain.toString(), WeightChoice.RAW, true))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has no moments of an optimiser; leave out --from-moments.");
    assertThatThrownBy(() -> train(run, from(WeightChoice.RAW, true), "training.optimiser=sgd"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("training.optimiser = sgd has no moments to go on with");
    assertThat(run).doesNotExist();
  }
}
