package dev.ddpm.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts as a user runs them: as processes. */
class SubmitScriptsTest {
  private static final Path SCRIPTS = Path.of("../submit-scripts");

  @TempDir Path folder;

  private record Result(int exitCode, String out, String err) {}

  static Stream<String> allScripts() throws IOException {
    try (Stream<Path> files = Files.walk(SCRIPTS)) {
      return files.filter(Files::isRegularFile).map(Path::toString).sorted().toList().stream();
    }
  }

  static Stream<String> userScripts() throws IOException {
    return allScripts().filter(script -> script.endsWith(".sh") && !script.endsWith("/submit.sh"));
  }

  @ParameterizedTest
  @MethodSource("allScripts")
  void scriptsAreExecutableAndStrict(String script) throws Exception {
    assertThat(Path.of(script)).isExecutable();
    assertThat(Files.readString(Path.of(script)))
        .startsWith("#!/usr/bin/env bash\n")
        .contains("\nset -euo pipefail\n");
    assertThat(run(Map.of(), "bash", "-n", script)).isEqualTo(new Result(0, "", ""));
  }

  @Test
  void shellcheckFindsNothing() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, "shellcheck"))),
        "shellcheck is not installed: the scripts are only parsed");
    List<String> command = new ArrayList<>(List.of("shellcheck"));
    allScripts().forEach(command::add);

    assertThat(run(Map.of(), command.toArray(String[]::new))).isEqualTo(new Result(0, "", ""));
  }

  @ParameterizedTest
  @MethodSource("userScripts")
  void helpExplains(String script) throws Exception {
    Result result = run(Map.of(), script, "--help");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).startsWith("Usage: " + Path.of(script).getFileName());
    assertThat(result.err()).isEmpty();
  }

  @Test
  void localUsesTheEmbeddedSparkAndOneThreadPerTask() throws Exception {
    Result result = run(Map.of("SPARK_HOME", ""), script("local.sh"), "--dry-run", "train");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("SPARK_LOCAL_IP=127.0.0.1 OMP_NUM_THREADS=1 ")
        .contains("submit-scripts/bin/spark-submit --master local\\[\\*\\] --deploy-mode client")
        .contains("--add-modules=jdk.incubator.vector")
        .contains("--driver-memory 2048m")
        .contains("javacpp.maxphysicalbytes=8192m")
        .endsWith("ddpm-spark.jar train \n");
  }

  @Test
  void clustersGetOneModelPerTaskAndBoundedMemory() throws Exception {
    Result result =
        run(
            Map.of(),
            script("yarn.sh"),
            "--dry-run",
            "--memory",
            "3g",
            "--native-memory",
            "512m",
            "--task-cpus",
            "4",
            "--executors",
            "8",
            "--executor-cores",
            "4",
            "train");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("--master yarn --deploy-mode client")
        .contains("--executor-memory 3072m")
        .contains("spark.executor.memoryOverhead=512m")
        .contains("javacpp.maxphysicalbytes=3584m")
        .contains("spark.task.cpus=4")
        .contains("spark.executorEnv.OMP_NUM_THREADS=4")
        .contains("--num-executors 8 --executor-cores 4");
  }

  @Test
  void argumentsArriveAsTheyAre() throws Exception {
    Path spark = fakeSpark("printf '<%s>' \"$@\"");

    Result result =
        run(
            Map.of("SPARK_HOME", spark.toString()),
            script("local.sh"),
            "--jar",
            anyJar(),
            "--conf",
            "spark.x=a b",
            "train",
            "--set",
            "data.table=a b*",
            "--dry-run");

    assertThat(result.out())
        .contains("<--conf><spark.x=a b>")
        .endsWith("<train><--set><data.table=a b*><--dry-run>");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3, 143})
  void theExitCodeIsThatOfSpark(int exitCode) throws Exception {
    Path spark = fakeSpark("exit " + exitCode);

    Result result =
        run(Map.of("SPARK_HOME", spark.toString()), script("local.sh"), "--jar", anyJar(), "train");

    assertThat(result.exitCode()).isEqualTo(exitCode);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "local.sh --cores 2 train | unknown option --cores (see 'local.sh --help')",
        "local.sh --memory | --memory needs a value",
        "local.sh --memory 2t train | --memory = 2t: must be a size such as 6g or 512m",
        "local.sh --task-cpus 0 train | --task-cpus = 0: must be a whole number, at least 1",
        "local.sh --dry-run | a command is missing: ingest, train, sample or config",
        "standalone.sh --dry-run train | --master is missing",
        "yarn.sh --deploy-mode both train | --deploy-mode = both: must be client or cluster",
        "kubernetes.sh --master k8s://http://a:1 train | --image is missing",
        "quickstart.sh --fast | unknown option --fast",
        "submit.sh train | call local.sh",
      })
  void aWrongCallIsOneLine(String call, String message) throws Exception {
    String[] words = call.split(" ");
    words[0] = script(words[0]);

    Result result = run(Map.of(), words);

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .singleElement()
        .asString()
        .startsWith("error: ")
        .contains(message);
  }

  @Test
  void aMissingSparkIsNamed() throws Exception {
    Result result = run(Map.of("SPARK_HOME", folder.toString()), script("local.sh"), "train");

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).startsWith("error: there is no Spark in " + folder);
  }

  @Test
  void quickstartTrainsThenSamples() throws Exception {
    Result result = run(Map.of(), script("quickstart.sh"), "--dry-run");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out().lines())
        .hasSize(2)
        .first()
        .asString()
        .contains("ddpm-spark.jar train --config conf/fashion-mnist.conf");
    assertThat(result.out()).contains("ddpm-spark.jar sample ").contains("--count 64");
  }

  @Test
  void theEmbeddedSparkRuns() throws Exception {
    Result result =
        run(
            Map.of("SPARK_HOME", Path.of("target/spark").toAbsolutePath().toString()),
            script("bin/spark-submit"),
            "--version");

    assertThat(result.exitCode()).isZero();
    assertThat(result.err()).contains("version 3.5");
  }

  @Test
  void theEmbeddedSparkPassesAFailureOn() throws Exception {
    Result result =
        run(
            Map.of("SPARK_HOME", Path.of("target/spark").toAbsolutePath().toString()),
            script("bin/spark-class"),
            "org.apache.spark.deploy.SparkSubmit",
            "missing.jar");

    assertThat(result.exitCode()).isEqualTo(1);
  }

  private static String script(String name) {
    return SCRIPTS.resolve(name).toString();
  }

  private String anyJar() throws IOException {
    return Files.writeString(folder.resolve("any.jar"), "").toString();
  }

  private Path fakeSpark(String body) throws IOException {
    Files.createDirectories(folder.resolve("jars"));
    Path bin = Files.createDirectories(folder.resolve("bin"));
    Path submit = Files.writeString(bin.resolve("spark-submit"), "#!/bin/sh\n" + body + "\n");
    assertThat(submit.toFile().setExecutable(true)).isTrue();
    return folder;
  }

  private Result run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended within a minute").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
