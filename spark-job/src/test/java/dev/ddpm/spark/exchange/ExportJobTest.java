package dev.ddpm.spark.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.WeightChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExportJobTest {
  private static final LabmlUNet LABML =
      new LabmlUNet(1, 8, 8, 32, List.of(1, 2), List.of(false, true), 1, 32, 1, 0.1);
  private static final Unet2d UNET2D =
      new Unet2d(
          1,
          8,
          8,
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
          0.1,
          0,
          false);

  @TempDir private Path folder;

  private Path run(Architecture architecture, DataRange range) {
    var flat = new FlatTensors(ParameterLayout.of(architecture));
    Path run = folder.resolve("run [1]");
    ModelFolder.write(
        new LocalFileStore(run.resolve("model")),
        new ModelDescription(
            architecture,
            ClassLabels.numbered(architecture.classes()),
            new ScheduleSpec.Linear(100, 1e-3, 0.2),
            Prediction.EPSILON,
            range == DataRange.ZERO_TO_ONE ? Preset.LABML : Preset.PAPER,
            range,
            Map.of("sampling.sampler", "ddim", "sampling.eta", "0.5"),
            Map.of(
                "data.table", "tables/it's mine",
                "diffusion.timesteps", "100",
                "model.attention", "[false, true]",
                "host", "a|b")),
        Map.of(
            TensorFile.WEIGHTS,
            flat.named(weights(architecture, 1)),
            TensorFile.EMA,
            flat.named(weights(architecture, 2))),
        Optional.empty());
    return run;
  }

  private static float[] weights(Architecture architecture, long seed) {
    return WeightInitializer.draw(ParameterLayout.of(architecture), seed);
  }

  private Path export(ExportKind kind, Path model, WeightChoice weights) {
    Path output = folder.resolve("exported");
    new ExportJob(new Configuration())
        .run(
            new ExportJob.Request(
                kind, model.toString(), output.toString(), weights, Optional.of("apache-2.0")));
    return output;
  }

  private ModelFolder imported(ImportKind kind, Path source, String... assignments) {
    Path output = folder.resolve("imported");
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

  private static float[] flat(ModelFolder model) {
    return new FlatTensors(ParameterLayout.of(model.description().architecture()))
        .read(model, TensorFile.WEIGHTS);
  }

  @Test
  void whatIsExportedForLabmlIsImportedToTheBit() {
    Path output = export(ExportKind.LABML, run(LABML, DataRange.ZERO_TO_ONE), WeightChoice.RAW);

    ModelFolder again = imported(ImportKind.LABML, output, "model.height=8", "model.width=8");

    assertThat(flat(again)).isEqualTo(weights(LABML, 1));
    assertThat(again.description().architecture()).isEqualTo(LABML);
    assertThat(output.resolve("info.json")).hasContent("{\"eps_model\": \"eps_model.pth\"}");
    assertThat(output.resolve("README.md"))
        .content()
        .contains("UNet(image_channels=1, n_channels=32, ch_mults=(1, 2,), is_attn=(False, True,)");
  }

  @Test
  void whatIsExportedForDiffusersIsImportedToTheBitAndSampledAlike() {
    Path output =
        export(ExportKind.DIFFUSERS, run(UNET2D, DataRange.MINUS_ONE_TO_ONE), WeightChoice.EMA);

    ModelFolder again = imported(ImportKind.DIFFUSERS, output);

    assertThat(flat(again)).isEqualTo(weights(UNET2D, 2));
    assertThat(again.description().architecture()).isEqualTo(UNET2D);
    assertThat(again.description().schedule()).isEqualTo(new ScheduleSpec.Linear(100, 1e-3, 0.2));
    var sampling =
        ConfigLoader.load(Optional.empty(), List.of(), again.description().sampling(), Map.of())
            .experiment()
            .sampling();
    assertThat(sampling.sampler()).isEqualTo(SamplerChoice.DDIM);
  }

  @Test
  void theCommandLineWinsOverWhatAModelSays() {
    Map<String, String> ofModel = Map.of("sampling.sampler", "ddim", "sampling.eta", "0.5");
    var loaded =
        ConfigLoader.load(Optional.empty(), List.of("sampling.eta=0.25"), ofModel, Map.of())
            .experiment()
            .sampling();
    assertThat(loaded.sampler()).isEqualTo(SamplerChoice.DDIM);
    assertThat(loaded.eta()).isEqualTo(0.25);
  }

  @Test
  void anyNetworkIsAStateDict() {
    Path output =
        export(ExportKind.SAFETENSORS, run(UNET2D, DataRange.ZERO_TO_ONE), WeightChoice.EMA);

    assertThat(output.resolve("model.safetensors")).isRegularFile();
    assertThat(output.resolve("README.md")).content().contains("load_file(\"FOLDER/model");
  }

  /** Names, and that the last row is of no class, are in no tensor. */
  @ParameterizedTest
  @EnumSource(names = {"SAFETENSORS", "DIFFUSERS"})
  void aModelOfClassesComesBackWithThem(ExportKind kind) {
    var classes = new ClassLabels(List.of("bag", "boot, high", "7"), /* unlabelled= */ true);
    Path model = folder.resolve("classes");
    var unet =
        new Unet2d(
            1,
            8,
            8,
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
            0.1,
            classes.rows(),
            false);
    ModelFolder.write(
        new LocalFileStore(model),
        new ModelDescription(
            unet,
            classes,
            new ScheduleSpec.Linear(100, 1e-3, 0.2),
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of(),
            Map.of()),
        Map.of(
            TensorFile.WEIGHTS, new FlatTensors(ParameterLayout.of(unet)).named(weights(unet, 1))),
        Optional.empty());
    Path output = export(kind, model, WeightChoice.RAW);

    ModelFolder again =
        kind == ExportKind.DIFFUSERS
            ? imported(ImportKind.DIFFUSERS, output)
            : imported(
                ImportKind.STATE_DICT,
                output.resolve("model.safetensors"),
                "model.architecture=unet2d",
                "model.image-channels=1",
                "model.height=8",
                "model.width=8",
                "model.widths=[8, 16]",
                "model.attention=[false, true]",
                "model.blocks=1",
                "model.norm-groups=4",
                "model.norm-epsilon=1e-5",
                "model.head-channels=8",
                "model.time-cosines-first=true",
                "model.time-frequency-shift=0",
                "model.downsample-padding=1",
                "model.dropout=0.1",
                "diffusion.timesteps=100",
                "diffusion.beta-first=1e-3",
                "diffusion.beta-last=0.2");

    assertThat(again.description().classes()).isEqualTo(classes);
    assertThat(flat(again)).isEqualTo(weights(unet, 1));
  }

  @Test
  void theCardTellsWhatThereIsOfTheModel() throws IOException {
    Path run = run(UNET2D, DataRange.MINUS_ONE_TO_ONE);
    String hash =
        ModelFolder.open(new LocalFileStore(run.resolve("model"))).modelHash(TensorFile.EMA);
    Files.createDirectories(run.resolve("bits"));
    Files.writeString(
        run.resolve("bits/evaluation.json"),
        "{\"model_hash\": \"%s\", \"data\": \"held-out\", \"images\": 64, \"bits_per_dim\": 4.25,"
                .formatted(hash)
            + " \"standard_error\": 0.5}");
    Files.createDirectories(run.resolve("other"));
    Files.writeString(
        run.resolve("other/evaluation.json"),
        "{\"model_hash\": \"of another\", \"bits_per_dim\": 1.5}");
    Files.createDirectories(run.resolve("samples"));
    Files.writeString(
        run.resolve("samples/manifest.json"),
        "{\"settings\": {\"model_hash\": \"%s\"}}".formatted(hash));
    Files.writeString(run.resolve("samples/contact-sheet.png"), "a picture");

    Path output = export(ExportKind.DIFFUSERS, run, WeightChoice.EMA);

    assertThat(output.resolve("samples.png")).hasContent("a picture");
    assertThat(output.resolve("README.md"))
        .content()
        .startsWith("---\nlicense: \"apache-2.0\"\n")
        .contains("# run \\[1\\]\n")
        .contains("![Samples](samples.png)")
        .contains("| bits/dim of 64 images of held-out | 4.25 ± 0.5 |")
        .doesNotContain("1.5")
        .contains("| host | a\\|b |")
        .contains("./ddpm train --data 'tables/it'\\''s mine' --run RUN \\\n")
        .contains("  --set diffusion.timesteps=100 \\\n")
        .contains("  --set 'model.attention=[false, true]'\n")
        .contains(hash);
  }

  /** Where a model came from is no training. */
  @Test
  void theCardOfAnImportedModelTellsWhereItCameFrom() throws IOException {
    Path exported =
        export(ExportKind.DIFFUSERS, run(UNET2D, DataRange.MINUS_ONE_TO_ONE), WeightChoice.RAW);
    imported(ImportKind.DIFFUSERS, exported);
    Path again = folder.resolve("again");
    // Folders in the places of files tell nothing.
    Files.createDirectories(folder.resolve("imported/samples/contact-sheet.png"));
    Files.createDirectories(folder.resolve("imported/bits/evaluation.json"));
    Files.writeString(
        folder.resolve("imported/samples/manifest.json"),
        "{\"settings\": {\"model_hash\": \"%s\"}}"
            .formatted(
                ModelFolder.open(new LocalFileStore(folder.resolve("imported")))
                    .modelHash(TensorFile.WEIGHTS)));

    new ExportJob(new Configuration())
        .run(
            new ExportJob.Request(
                ExportKind.DIFFUSERS,
                folder.resolve("imported").toString(),
                again.toString(),
                WeightChoice.EMA,
                Optional.empty()));

    assertThat(again.resolve("README.md"))
        .content()
        .contains("## Training\n\nNothing is recorded of how this model was trained.\n")
        .contains(
            "## Imported from\n\n| what | value |\n|---|---|\n| import.diffusers | 0.21.4 |\n")
        .doesNotContain("samples.png");
  }

  @Test
  void whatAFormCannotHaveIsRefusedBeforeAnythingIsWritten() {
    Path run = run(UNET2D, DataRange.ZERO_TO_ONE);

    assertThatThrownBy(() -> export(ExportKind.DIFFUSERS, run, WeightChoice.EMA))
        .hasMessageContaining("values from 0 to 1");
    assertThatThrownBy(() -> export(ExportKind.LABML, run, WeightChoice.EMA))
        .hasMessageContaining("networks of the kind labml");
    assertThat(folder.resolve("exported")).doesNotExist();
  }

  @Test
  void nothingIsOverwritten() throws IOException {
    Files.createDirectories(folder.resolve("exported"));
    Files.writeString(folder.resolve("exported/README.md"), "mine");

    assertThatThrownBy(
            () ->
                export(
                    ExportKind.SAFETENSORS, run(UNET2D, DataRange.ZERO_TO_ONE), WeightChoice.EMA))
        .hasMessageContaining("is not empty");
  }
}
