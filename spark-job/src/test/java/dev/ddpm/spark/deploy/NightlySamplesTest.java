package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.sample.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The nightly script as cron runs it. Most nights are those of a Spark that only pretends. */
class NightlySamplesTest {
  private static final String SCRIPT = "../submit-scripts/nightly-samples.sh";

  /** Finds the value of --output among its arguments, and counts its calls. */
  private static final String PRETENDER =
      """
      #!/usr/bin/env bash
      while [[ $1 != --output ]]; do shift; done
      mkdir -p "$2"
      echo >> "$2/calls"
      calls=$(wc -l < "$2/calls")
      """;

  private static final String COMPLETES =
      "echo '  \"complete\" : true,' > \"$2/manifest.json\"; exit 0\n";

  @TempDir Path folder;

  private record Result(int exitCode, String out, String err) {}

  private Result run(Map<String, String> environment, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(SCRIPT));
    command.addAll(arguments);
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended in time").isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  /** A night with a pretended job that ends as told. */
  private Result night(String date, String job, String... options) throws Exception {
    Path spark = folder.resolve("spark");
    Files.createDirectories(spark.resolve("jars"));
    Files.createDirectories(spark.resolve("bin"));
    Path submit = Files.writeString(spark.resolve("bin/spark-submit"), PRETENDER + job);
    assertThat(submit.toFile().setExecutable(true)).isTrue();
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--model",
                "m",
                "--output",
                folder.resolve("nights").toString(),
                "--count",
                "10",
                "--date",
                date));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--", "--jar", submit.toString()));
    return run(Map.of("SPARK_HOME", spark.toString()), arguments);
  }

  private List<String> nights() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("nights"))) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    }
  }

  private long calls(String date) throws IOException {
    return Files.readAllLines(folder.resolve("nights").resolve(date).resolve("calls")).size();
  }

  @Test
  void dryRunShowsTheCommand() throws Exception {
    Result result =
        run(
            Map.of(),
            List.of(
                "--model",
                "runs/m",
                "--output",
                "hdfs:///nights/",
                "--count",
                "50000",
                "--date",
                "2026-11-24",
                "--config",
                "conf/fashion-mnist.conf",
                "--format",
                "npz",
                "--keep",
                "14",
                "--manager",
                "yarn",
                "--dry-run",
                "--",
                "--executors",
                "8"));

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains(
            "/submit-scripts/yarn.sh --executors 8 sample --config conf/fashion-mnist.conf"
                + " --format npz --set sampling.seed=20261124 --model runs/m"
                + " --output hdfs:///nights/2026-11-24 --count 50000")
        .contains("then keep the newest 14 complete nights in hdfs:///nights");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--output o --count 1 | --model is missing",
        "--model m --count 1 | --output is missing",
        "--model m --output o | --count is missing",
        "--model m --output o --count 0 | --count = 0: must be a whole number, at least 1",
        "--model m --output o --count 1 --date today | --date = today: must be a day such as",
        "--model m --output o --count 1 --manager mesos | --manager = mesos: must be local",
        "--model | --model needs a value",
        "--tonight | unknown option --tonight",
      })
  void aWrongCallIsOneLine(String call, String message) throws Exception {
    Result result = run(Map.of(), List.of(call.split(" ")));

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .singleElement()
        .asString()
        .startsWith("error: ")
        .contains(message);
  }

  @Test
  void aNightThatFailsIsTriedAgain() throws Exception {
    Result result = night("2026-11-24", "[[ $calls -ge 2 ]] || exit 4\n" + COMPLETES);

    assertThat(result.exitCode()).isZero();
    assertThat(calls("2026-11-24")).isEqualTo(2);
    assertThat(result.err()).contains("Attempt 1 of 2 failed with exit code 4");
    assertThat(result.out()).contains("nights/2026-11-24/report.html");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 137})
  void afterTheLastAttemptTheExitCodeIsThatOfTheJob(int code) throws Exception {
    Result result = night("2026-11-24", "exit " + code, "--attempts", "3");

    assertThat(result.exitCode()).isEqualTo(code);
    assertThat(calls("2026-11-24")).isEqualTo(3);
    assertThat(result.err()).contains("run again with --date 2026-11-24");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void whatOnlyAPersonCanRepairIsNotTriedAgain(int code) throws Exception {
    assertThat(night("2026-11-24", "exit " + code).exitCode()).isEqualTo(code);
    assertThat(calls("2026-11-24")).isEqualTo(1);
  }

  @Test
  void anExitCodeOfZeroIsNotEnough() throws Exception {
    Result result = night("2026-11-24", "exit 0");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("2026-11-24 is not complete");
  }

  @Test
  void theNewestCompleteNightsAreKept() throws Exception {
    for (String date : List.of("2026-11-20", "2026-11-21", "2026-11-23")) {
      assertThat(night(date, COMPLETES).exitCode()).isZero();
    }
    assertThat(night("2026-11-22", "exit 1").exitCode()).isEqualTo(1);
    Files.createDirectories(folder.resolve("nights/notes"));

    Result result = night("2026-11-24", COMPLETES, "--keep", "2");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains("Removing " + folder.resolve("nights/2026-11-21"));
    assertThat(nights()).containsExactly("2026-11-22", "2026-11-23", "2026-11-24", "notes");
  }

  /** With the embedded Spark and the classes of this build in the place of the job jar. */
  @Test
  void aRealNight() throws Exception {
    Path model = TinyModel.write(folder.resolve("model"), 5);
    Path anyJar = Files.writeString(folder.resolve("any.jar"), "");
    List<String> call =
        List.of(
            "--model",
            model.toString(),
            "--output",
            folder.resolve("nights").toString(),
            "--count",
            "12",
            "--date",
            "2026-11-24",
            "--set",
            "sampling.sampler=ddim",
            "--set",
            "sampling.steps=5",
            "--set",
            "sampling.micro-batch=4",
            "--",
            "--master",
            "local[2]",
            "--memory",
            "512m",
            "--jar",
            anyJar.toString(),
            "--conf",
            "spark.driver.extraClassPath=" + LocalSpark.classPath());
    Result result = run(Map.of("SPARK_HOME", ""), call);

    assertThat(result.exitCode()).as(result.err()).isZero();
    Path night = folder.resolve("nights/2026-11-24");
    JsonNode manifest = new JsonMapper().readTree(night.resolve("manifest.json").toFile());
    assertThat(manifest.get("images").asLong()).isEqualTo(12);
    assertThat(manifest.at("/settings/sampling.seed").asText()).isEqualTo("20261124");
    assertThat(night.resolve("report.html")).content().contains("12 of 12 images");
    assertThat(night.resolve("contact-sheet.png")).isNotEmptyFile();
  }
}
