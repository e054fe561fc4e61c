package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Averages of a short run as a user makes, searches and samples them. */
class WidthSearchTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path shared;
  @TempDir Path folder;

  private static String table;
  private static String run;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void trainOnce() {
    table = shared.resolve("table").toString();
    run = shared.resolve("run").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    List<String> train = new ArrayList<>(List.of("train", "--data", table, "--run", run));
    train.addAll(TinyExperiment.options());
    train.addAll(List.of("--set", "training.ema-profiles=true", "--set", "training.epochs=2"));
    var printed = new StringWriter();
    assertThat(
            Ddpm.run(
                new PrintWriter(printed), new PrintWriter(printed), train.toArray(String[]::new)))
        .as(printed::toString)
        .isZero();
  }

  private int run(String... args) {
    return Ddpm.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  @Test
  void anAverageIsAModelThatIsSampled() {
    String model = folder.resolve("model").toString();

    assertThat(run("ema", "--run", run, "--width", "0.1", "--output", model))
        .as(err::toString)
        .isZero();
    assertThat(out.toString())
        .startsWith(
            "Averaged up to round 6 with the width 0.1, from 6 snapshots; the profile is met to")
        .endsWith("Model: " + model + System.lineSeparator());
    assertThat(
            run(
                "sample",
                "--model",
                model,
                "--output",
                folder.resolve("s").toString(),
                "--count",
                "2",
                "--set",
                "sampling.steps=2"))
        .as(err::toString)
        .isZero();
  }

  @Test
  void theBestOfSeveralWidthsIsTold() {
    String output = folder.resolve("widths").toString();

    assertThat(
            run(
                "evaluate",
                "--model",
                run,
                "--ema-widths",
                "0.05,0.1,0.05",
                "--data",
                table,
                "--images",
                "4",
                "--timesteps",
                "5",
                "--output",
                output))
        .as(err::toString)
        .isZero();

    List<String> lines =
        out.toString().lines().filter(line -> line.matches("(Width|Best) .*")).toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).startsWith("Width 0.05: ").contains(" bits/dim (standard error ");
    assertThat(lines.get(1)).startsWith("Width 0.1: ");
    double narrow = Double.parseDouble(lines.get(0).split(" ", -1)[2]);
    double wide = Double.parseDouble(lines.get(1).split(" ", -1)[2]);
    assertThat(lines.get(2))
        .isEqualTo(
            "Best by bits-per-dim: width %s, %s/width-%1$s/model"
                .formatted(narrow < wide ? "0.05" : "0.1", output));
    assertThat(folder.resolve("widths/width-0.05/evaluation/evaluation.json")).exists();
  }

  @Test
  void whatCannotBeSearchedIsRefused() {
    assertThat(
            run(
                "evaluate",
                "--data",
                table,
                "--samples",
                table,
                "--ema-widths",
                "0.05",
                "--output",
                folder.resolve("o").toString()))
        .isEqualTo(2);
    assertThat(
            run(
                "evaluate",
                "--model",
                run,
                "--data",
                table,
                "--metrics",
                "precision",
                "--count",
                "4",
                "--ema-widths",
                "0.05",
                "--output",
                folder.resolve("o").toString()))
        .isEqualTo(2);
    assertThat(
            run("ema", "--run", run, "--width", "0.5", "--output", folder.resolve("o").toString()))
        .isEqualTo(2);

    assertThat(err.toString().lines())
        .containsExactly(
            "error: --ema-widths: are of a run; name its folder by --model, and leave out"
                + " --samples.",
            "error: --metrics = precision: does not say which of --ema-widths is best; take one of"
                + " bits-per-dim, frechet, kid.",
            "error: --width = 0.5: must be at least 0.01 and at most 0.28.");
    assertThat(folder.resolve("o")).doesNotExist();
  }
}
