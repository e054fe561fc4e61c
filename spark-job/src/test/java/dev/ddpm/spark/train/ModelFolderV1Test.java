package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.checkpoint.TrainingState;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model folder that was written by format version 1 and must stay readable. What is sampled from
 * it is compared nowhere: rounding depends on the processor.
 */
class ModelFolderV1Test {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static ModelFolder open() {
    return ModelFolder.open(
        new HadoopFileStore("src/test/resources/model-v1", new Configuration()));
  }

  @Test
  void itsDescriptionIsRead() {
    ModelDescription model = open().description();

    assertThat(model.architecture())
        .isEqualTo(new LabmlUNet(1, 16, 12, 8, List.of(1, 1), List.of(false, true), 1, 4, 1, 0.1));
    assertThat(model.schedule()).isEqualTo(new ScheduleSpec.Linear(50, 1e-4, 0.2));
    assertThat(model.prediction()).isEqualTo(Prediction.EPSILON);
    assertThat(model.preset()).isEqualTo(Preset.PAPER);
    assertThat(model.dataRange()).isEqualTo(DataRange.MINUS_ONE_TO_ONE);
    assertThat(model.provenance()).containsEntry("training.learning-rate", "0.002");
  }

  @Test
  void itsCheckpointIsRead() {
    Checkpoint checkpoint = Checkpoint.read(open());
    int size = Math.toIntExact(ParameterLayout.of(open().description().architecture()).size());

    assertThat(checkpoint.training()).isEqualTo(new TrainingState(160, 60, 20, 0, 7));
    assertThat(checkpoint.state().step()).isEqualTo(160);
    assertThat(checkpoint.state().parameters().values()).hasSize(size);
    assertThat(checkpoint.state().updater().values()).hasSize(2 * size);
    assertThat(checkpoint.ema().orElseThrow().values()).hasSize(size);
  }

  /** Also from settings that say nothing of the keys that came later. */
  @Test
  void trainingCanGoOnFromIt(@TempDir Path folder) throws IOException {
    String table = folder.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    Path checkpoint = folder.resolve("run/checkpoints/round-000060");
    Files.createDirectories(checkpoint);
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/model-v1"))) {
      for (Path file : files.toList()) {
        Files.copy(file, checkpoint.resolve(file.getFileName()));
      }
    }
    var printed = new StringWriter();

    new TrainJob(
            SPARK.session(),
            TinyExperiment.with("model.channel-multipliers=[1, 1]", "training.epochs=21"),
            table,
            folder.resolve("run").toString(),
            Resume.REQUIRE,
            new PrintWriter(printed, true))
        .run();

    assertThat(printed.toString()).contains("Going on after round 60 of 63.");
    Checkpoint end =
        Checkpoint.read(
            ModelFolder.open(
                new HadoopFileStore(folder.resolve("run/model").toString(), new Configuration())));
    assertThat(end.training()).isEqualTo(new TrainingState(168, 63, 21, 0, 7));
    float[] before = Checkpoint.read(open()).state().parameters().values();
    float[] after = end.state().parameters().values();
    assertThat(after).hasSameSizeAs(before).isNotEqualTo(before);
    for (int i = 0; i < before.length; i++) {
      // Eight steps of Adam move a weight by about as many learning rates at most.
      assertThat(after[i]).isCloseTo(before[i], within(10 * 2e-3f));
    }
  }

  @Test
  void itsTensorsHaveTheirNamesShapesAndValues() {
    List<TensorHeader> headers =
        ParameterLayout.of(open().description().architecture()).tensors().stream()
            .map(tensor -> new TensorHeader(tensor.name(), tensor.shape()))
            .toList();

    assertThat(headers.get(0).name()).isEqualTo("image_proj.weight");
    assertThat(open().read(TensorFile.WEIGHTS, headers).values("image_proj.weight"))
        .hasSize(8 * 9)
        .startsWith(0.077289194f, -0.35900444f, -0.2951116f);
  }
}
