package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.config.SamplerChoice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model whose last timestep is noise alone, trained on timesteps that are drawn by their weights,
 * of which that of the last is 0: on the whole way by the command line.
 */
class ZeroTerminalSnrRunTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final List<String> SETTINGS =
      List.of(
          "--set",
          "model.architecture=unet2d",
          "--set",
          "model.widths=[8, 16]",
          "--set",
          "diffusion.prediction=v",
          "--set",
          "training.weighting=min-snr",
          "--set",
          "training.timesteps=by-weight");

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String arguments, List<String> settings) {
    List<String> words =
        new ArrayList<>(List.of(arguments.replace("{folder}", folder.toString()).split(" ", -1)));
    words.addAll(settings);
    err.getBuffer().setLength(0);
    return Ddpm.run(
        new PrintWriter(out, true), new PrintWriter(err, true), words.toArray(String[]::new));
  }

  private void succeed(String arguments, List<String> settings) {
    assertThat(run(arguments, settings)).as(() -> arguments + ": " + err).isZero();
  }

  private int train(String run, boolean rescaled, String... more) {
    List<String> settings = new ArrayList<>(TinyExperiment.options());
    settings.addAll(SETTINGS);
    for (String setting : more) {
      settings.addAll(List.of("--set", setting));
    }
    if (rescaled) {
      settings.addAll(List.of("--set", "diffusion.zero-terminal-snr=true"));
    }
    return run("train --data {folder}/table --run {folder}/" + run, settings);
  }

  @Test
  void everyJobTakesIt() throws IOException {
    TinyExperiment.ingest(SPARK.session(), folder.resolve("table").toString());
    assertThat(train("whole", true, "training.max-rounds=2")).as(err::toString).isZero();
    assertThat(train("run", true, "training.max-rounds=1")).as(err::toString).isZero();
    // One that knows no such key, and means the schedule as it is.
    assertThat(train("run", false, "training.max-rounds=2")).isEqualTo(2);
    assertThat(err.toString()).contains("(diffusion.zero-terminal-snr: true → false)");
    assertThat(train("run", true, "training.max-rounds=2")).as(err::toString).isZero();
    String weights = TensorFile.WEIGHTS.fileName();
    assertThat(folder.resolve("run/model").resolve(weights))
        .hasSameBinaryContentAs(folder.resolve("whole/model").resolve(weights));
    ModelFolder model = ModelFolder.open(new LocalFileStore(folder.resolve("run/model")));
    assertThat(model.description().schedule())
        .isEqualTo(new ScheduleSpec.ZeroTerminalSnr(new ScheduleSpec.Linear(50, 1e-4, 0.2)));

    for (SamplerChoice sampler : SamplerChoice.values()) {
      succeed(
          "sample --model {folder}/run --count 2 --steps 5 --sampler %s --output {folder}/%s"
              .formatted(sampler, sampler),
          List.of());
      assertThat(folder.resolve(sampler.toString()).resolve("contact-sheet.png")).exists();
    }
    succeed(
        "sample --model {folder}/run --count 2 --steps 5 --sampler unipc --noise-levels karras"
            + " --output {folder}/karras",
        List.of());
    for (String method : List.of("same-noise", "inversion")) {
      succeed(
          "interpolate --model {folder}/run --data {folder}/table --pairs 1:2 --timestep 49"
              + " --sampler ddim --steps 5 --method %s --output {folder}/between-%s"
                  .formatted(method, method),
          List.of("--set", "sampling.eta=0"));
    }
    succeed(
        "evaluate --model {folder}/run --data {folder}/table --images 2 --output {folder}/bound",
        List.of());
    assertThat(Files.readString(folder.resolve("bound/evaluation.json")))
        .containsPattern("\"prior\" : 0.0[,\\s]")
        .doesNotContain("NaN", "Infinity");

    succeed("export --to diffusers {folder}/run --output {folder}/theirs", List.of());
    assertThat(Files.readString(folder.resolve("theirs/scheduler/scheduler_config.json")))
        .contains("\"rescale_betas_zero_snr\" : true", "\"beta_end\" : 0.2");
    assertThat(Files.readString(folder.resolve("theirs/README.md")))
        .contains("of a linear schedule, rescaled to end without signal;");
    succeed("import --from diffusers {folder}/theirs --output {folder}/back", List.of());
    ModelFolder back = ModelFolder.open(new LocalFileStore(folder.resolve("back")));
    assertThat(back.description().schedule()).isEqualTo(model.description().schedule());
  }
}
