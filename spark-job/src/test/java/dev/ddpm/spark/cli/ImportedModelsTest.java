package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.exchange.GoldenFolder;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.spark.sql.Row;
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

  /** The classes of the golden file have no names, and there are no images without one. */
  @Test
  void aModelOfClassesIsSampledAsItsFileSaysAndGivenBack() throws IOException {
    GoldenFolder.write("classes_small", folder.resolve("theirs"));
    succeed("import --from diffusers {folder}/theirs --output {folder}/model");
    String sample = "sample --model {folder}/model --set sampling.micro-batch=2 --steps 3 ";

    succeed(sample + "--output {folder}/samples --classes 7=2,3=1");

    assertThat(Files.readString(folder.resolve("samples/manifest.json")))
        .contains(
            "\"sampling.sampler\" : \"ddpm\"",
            "\"sampling.spacing\" : \"leading\"",
            "\"sampling.classes\" : \"3=1,7=2\"");
    List<Row> rows =
        SPARK
            .session()
            .read()
            .parquet(folder.resolve("samples/images").toString())
            .orderBy("sample_index")
            .collectAsList();
    assertThat(rows).extracting(row -> row.<Integer>getAs("label")).containsExactly(7, 3, 7);
    ModelFolder model = ModelFolder.open(new LocalFileStore(folder.resolve("model")));
    assertThat(rows.get(1).<byte[]>getAs("image")).isEqualTo(drawn(model, new int[] {7, 3}, 1));
    assertThat(rows.get(1).<byte[]>getAs("image")).isNotEqualTo(drawn(model, new int[] {7, 7}, 1));

    assertThat(run(sample + "--output {folder}/o --count 1 --guidance 2", List.of())).isEqualTo(2);
    assertThat(err.toString())
        .contains("the model knows 10 classes, but not how images without one look");

    succeed("export --to diffusers {folder}/model --output {folder}/exported");
    succeed("import --from diffusers {folder}/exported --output {folder}/again");
    ModelFolder again = ModelFolder.open(new LocalFileStore(folder.resolve("again")));
    assertThat(weights(again)).isEqualTo(weights(model));
    assertThat(again.description().architecture()).isEqualTo(model.description().architecture());
    assertThat(again.description().sampling()).isEqualTo(model.description().sampling());
  }

  /** The first images, drawn without a job; one of them as a file. */
  private static byte[] drawn(ModelFolder model, int[] classes, int image) {
    ModelDescription description = model.description();
    SamplingConfig sampling =
        ConfigLoader.load(
                Optional.empty(),
                List.of("sampling.micro-batch=2", "sampling.steps=3"),
                description.sampling(),
                Map.of())
            .experiment()
            .sampling();
    var plan = new SamplingPlan(description, sampling, BackendChoice.DEFAULT);
    float[] x = new float[2 * plan.imageSize()];
    Denoiser network =
        Dl4jNetwork.pretrained(description.architecture(), weights(model), Precision.FLOAT32);
    plan.process().sample(network.conditionedOn(classes), 0, 0, 2, x, StepListener.NONE);
    return ImageCodec.encodePng(plan.image(x, image));
  }

  private static float[] weights(ModelFolder model) {
    return new FlatTensors(ParameterLayout.of(model.description().architecture()))
        .read(model, TensorFile.WEIGHTS);
  }
}
