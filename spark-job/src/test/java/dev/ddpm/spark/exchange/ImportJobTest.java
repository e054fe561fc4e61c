package dev.ddpm.spark.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsWriter;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.exchange.TorchWriter;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.WeightInitializer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.commons.io.file.PathUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportJobTest {
  private static final LabmlUNet UNET =
      new LabmlUNet(1, 8, 16, 8, List.of(2, 1, 2), List.of(false, true, false), 2, 4, 1, 0.1);
  private static final float[] WEIGHTS = WeightInitializer.draw(ParameterLayout.of(UNET), 5);

  @TempDir private Path folder;

  private static NamedTensors tensors(UnaryOperator<String> name) {
    NamedTensors tensors = new FlatTensors(ParameterLayout.of(UNET)).named(WEIGHTS);
    NamedTensors renamed = new NamedTensors();
    for (TensorHeader header : tensors.headers()) {
      renamed.add(
          new TensorHeader(name.apply(header.name()), header.shape()),
          () -> tensors.values(header.name()));
    }
    return renamed;
  }

  private Path torch(String path, UnaryOperator<String> name) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    try (OutputStream out = Files.newOutputStream(file)) {
      TorchWriter.write(out, "eps_model", tensors(name));
    }
    return file;
  }

  private ModelFolder imported(ImportKind kind, Path source, String... assignments) {
    Path output = folder.resolve("model");
    new ImportJob(new Configuration())
        .run(
            new ImportJob.Request(
                kind,
                source.toString(),
                output.toString(),
                Optional.empty(),
                new ImportKind.Settings(Optional.empty(), List.of(assignments))));
    return ModelFolder.open(new LocalFileStore(output));
  }

  private static void assertWeights(ModelFolder model) {
    Architecture architecture = model.description().architecture();
    assertThat(new FlatTensors(ParameterLayout.of(architecture)).read(model, TensorFile.WEIGHTS))
        .isEqualTo(WEIGHTS);
  }

  @Test
  void theNewestCheckpointOfARunOfTheAnnotatedImplementation() throws IOException {
    torch("run/checkpoints/937/eps_model.pth", name -> name);
    Files.createDirectories(folder.resolve("run/checkpoints/99999"));
    Path old = folder.resolve("run/checkpoints/99/eps_model.pth");
    Files.createDirectories(old.getParent());
    Files.writeString(old, "not the newest");

    ModelFolder model =
        imported(
            ImportKind.LABML,
            folder.resolve("run"),
            "model.height=8",
            "model.width=16",
            "model.norm-groups=4");

    assertWeights(model);
    assertThat(model.description().architecture()).isEqualTo(UNET);
    assertThat(model.description().schedule()).isEqualTo(ScheduleSpec.PAPER);
    assertThat(model.description().preset()).isEqualTo(Preset.LABML);
    assertThat(model.description().dataRange()).isEqualTo(DataRange.ZERO_TO_ONE);
    assertThat(model.description().provenance())
        .containsEntry("import.from", "labml")
        .containsEntry("import.source", folder.resolve("run").toString());
  }

  @Test
  void whatShapesDoNotTellIsAskedFor() throws IOException {
    Path file = torch("eps_model.pth", name -> "module." + name);

    assertThatThrownBy(() -> imported(ImportKind.LABML, file, "model.height=8"))
        .hasMessage(
            "--from labml: the weights do not tell the size of the images; set --height and"
                + " --width.");
    assertThatThrownBy(() -> imported(ImportKind.LABML, file, "model.height=8", "model.width=8"))
        .hasMessageStartingWith("norm-groups = 32: must divide the 8 channels");
    assertThatThrownBy(
            () ->
                imported(
                    ImportKind.LABML, file, "model.height=8", "model.width=8", "model.channels=9"))
        .hasMessage(
            "--from labml: --set model.channels=9 is not read: the weights say what the network"
                + " is.");
    assertThat(folder.resolve("model")).doesNotExist();
  }

  @Test
  void weightsAloneWithAConfiguration() throws IOException {
    Path file = folder.resolve("weights.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      SafetensorsWriter.write(out, tensors(name -> name));
    }
    String[] network = {
      "model.image-channels=1",
      "model.height=8",
      "model.width=16",
      "model.channels=8",
      "model.channel-multipliers=[2, 1, 2]",
      "model.attention=[false, true, false]",
      "model.norm-groups=4",
      "diffusion.schedule=cosine"
    };

    ModelFolder model = imported(ImportKind.STATE_DICT, file, network);

    assertWeights(model);
    assertThat(model.description().schedule()).isEqualTo(new ScheduleSpec.Cosine(1000));
    assertThatThrownBy(() -> imported(ImportKind.STATE_DICT, file, network))
        .hasMessageContaining("is not empty");
  }

  /** As PyTorch saves it: the last row is of no class where labels were learnt. */
  @Test
  void weightsAloneOfANetworkWithClasses() throws IOException {
    var unet =
        new LabmlUNet(1, 8, 16, 8, List.of(2, 1, 2), List.of(false, true, false), 2, 4, 1, 0, 4);
    var layout = ParameterLayout.of(unet);
    Path file = folder.resolve("weights.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      SafetensorsWriter.write(
          out, new FlatTensors(layout).named(WeightInitializer.draw(layout, 5)));
    }
    String[] network = {
      "model.image-channels=1",
      "model.height=8",
      "model.width=16",
      "model.channels=8",
      "model.channel-multipliers=[2, 1, 2]",
      "model.attention=[false, true, false]",
      "model.norm-groups=4",
      "model.classes=labels"
    };
    String[] needed = Arrays.copyOf(network, network.length - 1);

    assertThat(imported(ImportKind.STATE_DICT, file, network).description().classes())
        .isEqualTo(new ClassLabels(List.of("0", "1", "2"), true));
    PathUtils.deleteDirectory(folder.resolve("model"));
    assertThat(imported(ImportKind.STATE_DICT, file, needed).description().classes())
        .isEqualTo(ClassLabels.numbered(4));
    PathUtils.deleteDirectory(folder.resolve("model"));
    try (OutputStream out = Files.newOutputStream(file)) {
      SafetensorsWriter.write(out, tensors(name -> name));
    }
    assertThatThrownBy(() -> imported(ImportKind.STATE_DICT, file, network))
        .hasMessage(file + ": the network has no embedding of classes; set model.classes = none.");
  }

  @Test
  void otherTensorsAreNamed() throws IOException {
    Path file = torch("eps_model.pth", name -> name.equals("final.bias") ? "final.offset" : name);

    assertThatThrownBy(
            () ->
                imported(
                    ImportKind.LABML,
                    file,
                    "model.height=8",
                    "model.width=16",
                    "model.norm-groups=4"))
        .hasMessage(
            file
                + ": 1 tensors of the network are missing, such as final.bias, and others are"
                + " there, such as final.offset.");
  }

  @Test
  void aSourceThatIsNotThereIsNamed() {
    assertThatThrownBy(
            () ->
                imported(
                    ImportKind.LABML, folder.resolve("absent"), "model.height=8", "model.width=8"))
        .hasMessageContaining("SOURCE = " + folder.resolve("absent") + ": does not exist.");
  }
}
