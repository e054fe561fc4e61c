package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.exchange.GoldenFolder;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.LocalSpark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Models of diffusers on the whole way that one's own take: by the command line, job by job. */
class ImportedModelsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final List<String> HO_SMALL =
      List.of(
          "model.architecture=unet2d",
          "model.widths=[16, 32, 32]",
          "model.attention=[false, true, false]",
          "model.blocks=2",
          "model.norm-groups=8",
          "model.norm-epsilon=1e-6",
          "model.dropout=0",
          "training.workers=2",
          "training.batch-size=2",
          "training.averaging-frequency=1",
          "training.ema-decay=0.9",
          "sampling.micro-batch=2");

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String arguments, List<String> settings) {
    List<String> words =
        new ArrayList<>(List.of(arguments.replace("{folder}", folder.toString()).split(" ", -1)));
    settings.forEach(setting -> words.addAll(List.of("--set", setting)));
    SPARK.session();
    return Ddpm.run(
        new PrintWriter(out, true), new PrintWriter(err, true), words.toArray(String[]::new));
  }

  private void succeed(String arguments, String... settings) {
    assertThat(run(arguments, List.of(settings))).as(() -> arguments + ": " + err).isZero();
  }

  /** Noise, as CIFAR-10 has its pictures. */
  private void ingest(String options) throws IOException {
    var records = new ByteArrayOutputStream();
    var random = new Random(18);
    for (int image = 0; image < 12; image++) {
      byte[] record = new byte[3073];
      random.nextBytes(record);
      record[0] = (byte) (image % 10);
      records.writeBytes(record);
    }
    Files.write(folder.resolve("data_batch_1.bin"), records.toByteArray());
    succeed(
        "ingest --source cifar10 --height 16 --width 16 --output {folder}/table "
            + options
            + "{folder}/data_batch_1.bin");
  }

  @Test
  void aModelOfDiffusersGoesThroughEveryJob() throws IOException {
    GoldenFolder.write("ho_small", folder.resolve("theirs"));
    Path scheduler = folder.resolve("theirs/scheduler/scheduler_config.json");
    Files.writeString(
        scheduler, Files.readString(scheduler).replace("\"DDPMScheduler\"", "\"DDIMScheduler\""));
    ingest("");
    succeed("import --from diffusers {folder}/theirs --output {folder}/model");

    succeed("sample --model {folder}/model --output {folder}/samples --count 3 --steps 3");
    succeed("sample --model {folder}/model --output {folder}/samples --count 5 --steps 3");
    assertThat(Files.readString(folder.resolve("samples/manifest.json")))
        .contains("\"sampling.sampler\" : \"ddim\"", "\"sampling.spacing\" : \"leading\"");
    succeed(
        "interpolate --model {folder}/model --data {folder}/table --pairs 1:2 --timestep 500"
            + " --steps 4 --output {folder}/between");
    succeed(
        "interpolate --model {folder}/model --data {folder}/table --pairs 1:2 --timestep 500"
            + " --steps 4 --method inversion --output {folder}/inverted");
    succeed(
        "evaluate --model {folder}/model --data {folder}/table --images 2 --timesteps 2 --output"
            + " {folder}/bits");

    String train =
        "train --from {folder}/model --from-weights raw --data {folder}/table --run {folder}/run"
            + " --set training.max-rounds=";
    succeed(train + 1, HO_SMALL.toArray(String[]::new));
    succeed(train + 2, HO_SMALL.toArray(String[]::new));
    assertThat(out.toString()).contains("Going on after round 1 of ");
    ModelFolder before = ModelFolder.open(new LocalFileStore(folder.resolve("model")));
    ModelFolder after = ModelFolder.open(new LocalFileStore(folder.resolve("run/model")));
    assertThat(after.description().architecture()).isEqualTo(before.description().architecture());
    assertThat(weights(after)).isNotEqualTo(weights(before));
    succeed("sample --model {folder}/run --output {folder}/more --count 1 --steps 2");

    succeed("export --to diffusers {folder}/run --output {folder}/exported");
    succeed("import --from diffusers {folder}/exported --output {folder}/again");
    assertThat(weights(ModelFolder.open(new LocalFileStore(folder.resolve("again")))))
        .isEqualTo(
            new FlatTensors(ParameterLayout.of(after.description().architecture()))
                .read(after, TensorFile.EMA));
  }

  private static float[] weights(ModelFolder model) {
    return new FlatTensors(ParameterLayout.of(model.description().architecture()))
        .read(model, TensorFile.WEIGHTS);
  }
}
