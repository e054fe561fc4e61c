package dev.ddpm.spark.deploy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.checkpoint.SelfDigest;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.Signals;
import dev.ddpm.spark.sample.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
      set -- --output "${ROOT:-}${2#*:}"
      mkdir -p "$2"
      echo >> "$2/calls"
      calls=$(wc -l < "$2/calls")
      """;

  private static final String COMPLETES =
      "printf '{\\n"
          + "  \"format_version\" : 1,\\n"
          + "  \"complete\" : true\\n"
          + "}\\n"
          + "' > $2/manifest.json; exit 0\n";

  @TempDir Path folder;

  private record Result(int exitCode, String out, String err) {}

  private Process start(Map<String, String> environment, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(SCRIPT));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve("stdout").toFile())
            .redirectError(folder.resolve("stderr").toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  private Result run(Map<String, String> environment, List<String> arguments)
      throws IOException, InterruptedException {
    Process process = start(environment, arguments);
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended in time").isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Result(
        process.exitValue(),
        Files.readString(folder.resolve("stdout")),
        Files.readString(folder.resolve("stderr")));
  }

  private String nightsFolder() {
    return folder.resolve("nights").toString();
  }

  /** A night with a pretended job that ends as told. */
  private Result night(String date, String job, String... options) throws Exception {
    return night(nightsFolder(), Map.of(), date, job, options);
  }

  private Result night(
      String output, Map<String, String> environment, String date, String job, String... options)
      throws Exception {
    return run(environment(environment), arguments(output, date, job, options));
  }

  /** What is given, with a Spark that has real jars and a submission that only pretends. */
  private Map<String, String> environment(Map<String, String> given) throws IOException {
    Path spark = folder.resolve("spark");
    Files.createDirectories(spark);
    if (Files.notExists(spark.resolve("jars"))) {
      Files.createSymbolicLink(spark.resolve("jars"), Path.of("target/spark/jars").toRealPath());
    }
    Map<String, String> all = new TreeMap<>(given);
    all.put("SPARK_HOME", spark.toString());
    return all;
  }

  private List<String> arguments(String output, String date, String job, String... options)
      throws IOException {
    Path bin = Files.createDirectories(folder.resolve("spark/bin"));
    Path submit = Files.writeString(bin.resolve("spark-submit"), PRETENDER + job);
    assertThat(submit.toFile().setExecutable(true)).isTrue();
    List<String> arguments = new ArrayList<>(List.of("--model", "m", "--output", output));
    arguments.addAll(List.of("--count", "10", "--date", date));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--", "--jar", submit.toString()));
    return arguments;
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

  @Test
  void classesCanSayHowManyImages() throws Exception {
    Result result =
        run(
            Map.of(),
            List.of(
                "--model",
                "m",
                "--output",
                "o",
                "--classes",
                "all=5000",
                "--guidance",
                "2",
                "--date",
                "2026-11-24",
                "--dry-run"));

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains(
            "/submit-scripts/local.sh sample --classes all=5000 --guidance 2 --set"
                + " sampling.seed=20261124 --model m --output o/2026-11-24")
        .doesNotContain("--count");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--output o --count 1 | --model is missing",
        "--model m --count 1 | --output is missing",
        "--model m --output o | --count is missing",
        "--model m --output o --classes uniform | --count is missing",
        "--model m --output o --count 0 | --count = 0: must be a whole number, at least 1",
        "--model m --output o --count 1 --date today | --date = today: must be a day such as",
        "--model m --output o --count 1 --date 2026-13-01 | --date = 2026-13-01: must be a day",
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

  /** The form in which a job prints its folder. */
  @Test
  void nightsCanLieUnderAFileUri() throws Exception {
    String output = "file:" + folder.resolve("nights");
    assertThat(night(output, Map.of(), "2026-11-23", COMPLETES).exitCode()).isZero();

    Result result = night(output, Map.of(), "2026-11-24", COMPLETES, "--keep", "1");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("Report: " + output + "/2026-11-24/report.html")
        .contains("Removing " + output + "/2026-11-23");
    assertThat(nights()).containsExactly("2026-11-24");
  }

  /** On a cluster that is not this machine. */
  @ParameterizedTest
  @ValueSource(strings = {"/nights", "viewfs:/nights"})
  void hadoopsConfigurationTellsWhereAPathLeads(String output) throws Exception {
    Path configuration = Files.createDirectories(folder.resolve("hadoop"));
    Files.createDirectories(folder.resolve("nights"));
    Files.writeString(
        configuration.resolve("core-site.xml"),
        """
        <configuration>
          <property><name>fs.defaultFS</name><value>viewfs://cluster/</value></property>
          <property>
            <name>fs.viewfs.mounttable.cluster.link./nights</name>
            <value>%s</value>
          </property>
        </configuration>
        """
            .formatted(folder.resolve("nights").toUri()));
    Map<String, String> environment =
        Map.of("HADOOP_CONF_DIR", configuration.toString(), "ROOT", folder.toString());
    assertThat(night(output, environment, "2026-11-23", COMPLETES).exitCode()).isZero();

    Result result = night(output, environment, "2026-11-24", COMPLETES, "--keep", "1");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("Removing " + output + "/2026-11-23");
    assertThat(nights()).containsExactly("2026-11-24");
  }

  @Test
  void aNightWhoseManifestIsDamagedNeitherCountsNorGoes() throws Exception {
    String text = "{\n  \"format_version\" : 2,\n  \"complete\" : true\n}\n";
    String manifest = new String(SelfDigest.addTo(text.getBytes(UTF_8)), UTF_8);
    for (String date : List.of("2026-11-21", "2026-11-22", "2026-11-23")) {
      Path night = Files.createDirectories(folder.resolve("nights").resolve(date));
      Files.writeString(
          night.resolve("manifest.json"),
          date.endsWith("22") ? manifest.replace(": 2,", ": 1,") : manifest);
    }

    Result result = night("2026-11-24", COMPLETES, "--keep", "2");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(nights()).containsExactly("2026-11-22", "2026-11-23", "2026-11-24");
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void aSignalGoesToTheJobWhichIsNotTriedAgain(String signal, int exitCode) throws Exception {
    Signals.assumeNotIgnored(signal);
    String job =
        "trap 'echo caught > $2/caught; exit %d' %s; echo > $2/ready; while :; do sleep 0.1; done\n"
            .formatted(exitCode, signal);
    Process process = start(environment(Map.of()), arguments(nightsFolder(), "2026-11-24", job));
    try {
      Path night = folder.resolve("nights/2026-11-24");
      await().atMost(Duration.ofMinutes(1)).until(() -> Files.exists(night.resolve("ready")));
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();

      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(exitCode);
      assertThat(night.resolve("caught")).exists();
      assertThat(calls("2026-11-24")).isEqualTo(1);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
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
