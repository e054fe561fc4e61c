package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.stored.StoredModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The network of the paper, with every option that it has, from training to prediction. */
class Unet2dRunTest {
  private static final List<TensorFile> PARTS =
      List.of(TensorFile.WEIGHTS, TensorFile.EMA, TensorFile.UPDATER);

  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final List<String> EVERY_OPTION =
      List.of(
          "model.architecture=unet2d",
          "model.widths=[8, 16]",
          "model.head-channels=8",
          "model.norm-epsilon=1e-5",
          "model.middle-normalises=false",
          "model.middle-scale-factor=1.4",
          "model.time-frequency-shift=0",
          "model.time-cosines-first=true",
          "model.scale-shift=true",
          "model.center-input=true");

  @TempDir static Path shared;
  @TempDir Path folder;

  private static String table;

  @BeforeAll
  static void ingest() {
    table = shared.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
  }

  private static String train(Path run, Optional<StartingModel> from, String... more) {
    List<String> assignments = new ArrayList<>(EVERY_OPTION);
    assignments.addAll(List.of(more));
    var printed = new StringWriter();
    new TrainJob(
            SPARK.session(),
            TinyExperiment.with(assignments.toArray(String[]::new)),
            table,
            run.toString(),
            Resume.AUTO,
            from,
            new PrintWriter(printed, true))
        .run();
    return printed.toString();
  }

  @Test
  void anInterruptedRunArrivesAtTheSameModel() {
    Path whole = folder.resolve("whole");
    Path parts = folder.resolve("parts");
    train(whole, Optional.empty(), "training.epochs=1");
    train(parts, Optional.empty(), "training.epochs=1", "training.max-rounds=2");

    assertThat(train(parts, Optional.empty(), "training.epochs=1"))
        .contains("Going on after round 2 of 3.");
    for (TensorFile file : PARTS) {
      assertThat(parts.resolve("model").resolve(file.fileName()))
          .hasSameBinaryContentAs(whole.resolve("model").resolve(file.fileName()));
    }
    StoredModel model =
        StoredModel.read(whole.toString(), WeightChoice.EMA, new Configuration(false));
    float[] prediction = new float[TinyExperiment.HEIGHT * TinyExperiment.WIDTH];
    model
        .network(BackendChoice.DEFAULT)
        .create()
        .predict(Batch.unconditional(1, new float[prediction.length], new float[] {7}), prediction);
    assertThat(prediction).doesNotContain(0, Float.NaN);
  }

  @Test
  void anotherNetworkIsToldByTheKeysOfTheConfiguration() {
    Path base = folder.resolve("base");
    train(base, Optional.empty(), "training.max-rounds=1");
    var from = Optional.of(new StartingModel(base.toString(), WeightChoice.RAW, false));

    assertThatThrownBy(
            () ->
                train(
                    folder.resolve("run"),
                    from,
                    "model.middle-scale-factor=1",
                    "model.time-cosines-first=false"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(
            "(model.middle-scale-factor: 1.4 → 1.0, model.time-cosines-first: true → false)");
    assertThatThrownBy(() -> train(folder.resolve("run"), from, "model.architecture=labml"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("(model.architecture: \"unet2d\" → \"labml\")");
  }

  @Test
  void modelsOfClassesAreNotTrained() {
    Architecture classes =
        new Unet2d(
            1,
            16,
            12,
            List.of(8, 16),
            List.of(false, true),
            1,
            4,
            1e-5,
            8,
            Unet2d.Middle.PLAIN,
            new TimeEncoding(0, true),
            1,
            false,
            0,
            10,
            false);
    ParameterLayout layout = ParameterLayout.of(classes);
    ModelFolder.write(
        new LocalFileStore(folder),
        new ModelDescription(
            classes,
            new ScheduleSpec.Linear(100, 1e-3, 0.2),
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of()),
        Map.of(
            TensorFile.WEIGHTS, new FlatTensors(layout).named(WeightInitializer.draw(layout, 1))),
        Optional.empty());
    String model = folder.toString();

    var from = Optional.of(new StartingModel(model, WeightChoice.RAW, false));
    assertThatThrownBy(() -> train(shared.resolve("run"), from))
        .hasMessage(
            "--from = "
                + model
                + ": tells 10 classes (0, 1, 2, 3, 4, …) apart; set model.classes = labels, or"
                + " start from a model without classes.");
  }
}
