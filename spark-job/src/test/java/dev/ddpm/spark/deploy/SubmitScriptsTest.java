package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.management.OperatingSystemMXBean;
import dev.ddpm.spark.Signals;
import dev.ddpm.spark.cli.Ddpm;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Command;

/** The scripts as a user runs them: as processes. */
class SubmitScriptsTest {
  private static final Path SCRIPTS = Path.of("../submit-scripts");
  private static final String LAUNCHER = "../ddpm";
  private static final String DISCOVERY = "../conf/discover-gpus.sh";

  @TempDir Path folder;

  private record Result(int exitCode, String out, String err) {}

  static Stream<String> allScripts() throws IOException {
    try (Stream<Path> files = Files.walk(SCRIPTS)) {
      return Stream.concat(
          files.filter(Files::isRegularFile).map(Path::toString).sorted().toList().stream(),
          Stream.of(LAUNCHER, "../image/entrypoint.sh", DISCOVERY, "../.ci/run"));
    }
  }

  static Stream<String> userScripts() throws IOException {
    return allScripts()
        .filter(script -> script.startsWith(SCRIPTS + "/") || script.equals(LAUNCHER))
        .filter(script -> script.endsWith(".sh") || script.equals(LAUNCHER))
        .filter(script -> !script.endsWith("/submit.sh"));
  }

  @ParameterizedTest
  @MethodSource("allScripts")
  void scriptsAreExecutableAndStrict(String script) throws Exception {
    assertThat(Path.of(script)).isExecutable();
    assertThat(Files.readString(Path.of(script)))
        .startsWith("#!/usr/bin/env bash\n")
        .contains("\nset -euo pipefail\n");
    assertThat(run(Map.of(), "bash", "-n", script)).isEqualTo(new Result(0, "", ""));
    assertThat(Files.readString(Path.of(script)))
        .as("macOS has bash 3.2: no arrays by name, of lines, from their end; no empty ones bare")
        .doesNotContainPattern("mapfile|readarray|declare -[An]|local -[An]|coproc|\\|&|&>>")
        .doesNotContainPattern(
            "\\$\\{\\w+(\\[[^]]*\\])?(@[A-Za-z]|,,?|\\^\\^?)\\}|\\[-\\d+\\]|\\[\\[ -v")
        .doesNotContainPattern(
            "(?<!\\+)\"\\$\\{(settings|settings_files|profile|options|hadoop_options|\\w+_options)\\[@\\]\\}\"");
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
        .endsWith(" spark-internal train \n");
  }

  /** Cores come with memory, and tasks take it. */
  @Test
  void localJobsMayTakeMostOfTheMachinesMemory() throws Exception {
    long machine =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize() >> 20;
    long heap = Math.max(2048, Math.min(24576, machine / 3));
    long outside = Math.max(6144, machine / 2);

    assertThat(run(Map.of(), script("local.sh"), "--dry-run", "train").out())
        .contains("--driver-memory %dm".formatted(heap))
        .contains("javacpp.maxphysicalbytes=%dm".formatted(heap + outside));
    assertThat(run(Map.of(), script("local.sh"), "--memory", "9g", "--help").out())
        .contains("(default: %dm, a third of this machine's".formatted(heap))
        .contains("(default: %dm, half of this machine's".formatted(outside));
    assertThat(run(Map.of(), script("yarn.sh"), "--dry-run", "train").out())
        .contains("--driver-memory 2048m")
        .contains("javacpp.maxphysicalbytes=8192m");
  }

  @Test
  void ddpmIsLocalByAShorterName() throws Exception {
    String local = run(Map.of(), script("local.sh"), "--dry-run", "train").out();
    Path direct = Files.createSymbolicLink(folder.resolve("d"), Path.of(LAUNCHER).toRealPath());
    Path folders = Files.createDirectory(folder.resolve("bin"));
    Path relative = Files.createSymbolicLink(folders.resolve("ddpm"), Path.of("../d"));

    for (String launcher : List.of(LAUNCHER, direct.toString(), relative.toString())) {
      assertThat(run(Map.of(), launcher, "--dry-run", "train"))
          .as(launcher)
          .isEqualTo(new Result(0, local, ""));
    }
    assertThat(run(Map.of(), LAUNCHER, "--fast").err())
        .isEqualTo("error: unknown option --fast (see 'ddpm --help')\n");
  }

  @Test
  void helpNamesEveryCommand() throws Exception {
    String commands =
        Stream.of(Ddpm.class.getAnnotation(Command.class).subcommands())
            .map(command -> command.getAnnotation(Command.class).name())
            .collect(Collectors.joining(", "));

    assertThat(run(Map.of(), LAUNCHER, "--help").out()).contains("COMMAND is one of " + commands);
    assertThat(run(Map.of(), LAUNCHER).err())
        .isEqualTo("error: a command is missing: one of %s (see 'ddpm --help')\n", commands);
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
        .containsPattern(
            "spark.executor.extraJavaOptions=[^\\n]*XX:\\\\?\\+UseTransparentHugePages")
        .contains("--num-executors 8 --executor-cores 4");
  }

  /** Spark's own option for their number has no effect there. */
  @Test
  void standaloneClustersAreAskedForTheCoresOfTheExecutors() throws Exception {
    String call = "standalone.sh --dry-run --master spark://a:1 --executors 8 ";
    Result result = run(call + "--executor-cores 4 train");
    Result ofNoEffect = run(call + "train");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("--executor-cores 4")
        .contains("spark.cores.max=32")
        .doesNotContain("--num-executors");
    assertThat(ofNoEffect.exitCode()).isZero();
    assertThat(ofNoEffect.out())
        .doesNotContain("spark.cores.max")
        .doesNotContain("--num-executors");
    assertThat(ofNoEffect.err()).startsWith("note: --executors 8 has no effect without");
  }

  @Test
  void kubernetesGetsTheTemplatesAndTheImage() throws Exception {
    Result result =
        run(
            Map.of(),
            script("kubernetes.sh"),
            "--dry-run",
            "--master",
            "k8s://https://cluster:6443",
            "--image",
            "registry/ddpm-spark:0.2",
            "--executors",
            "8",
            "train");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("--master k8s://https://cluster:6443 --deploy-mode cluster")
        .contains("spark.kubernetes.container.image=registry/ddpm-spark:0.2")
        .contains("/conf/kubernetes/driver-pod.yaml")
        .contains("/conf/kubernetes/executor-pod.yaml")
        .contains("javacpp.cachedir=/var/cache/javacpp")
        .contains("spark.driver.extraClassPath=/opt/ddpm/ddpm-spark.jar")
        .contains("spark.executor.extraClassPath=/opt/ddpm/ddpm-spark.jar")
        .endsWith(" spark-internal train \n");
  }

  /** The operator's files repeat the options of both JVMs, and its memory those of the script. */
  @ParameterizedTest
  @ValueSource(strings = {"sparkapplication.yaml", "sparkapplication-gpu.yaml"})
  void theOperatorsJvmsGetTheOptionsOfTheScripts(String file) throws Exception {
    Result result =
        run(
            Map.of(),
            script("kubernetes.sh"),
            "--dry-run",
            "--master",
            "k8s://a",
            "--image",
            "b",
            "--memory",
            "3g",
            "--native-memory",
            "6g",
            "train");
    String command = result.out().replace("\\", "");
    JsonNode spec =
        new YAMLMapper().readTree(Path.of("../conf/kubernetes", file).toFile()).get("spec");

    for (String part : List.of("driver", "executor")) {
      JsonNode pod = spec.get(part);
      assertThat(command).contains(pod.get("javaOptions").asText());
      assertThat(pod.get("memory").asText()).isEqualTo("3072m");
      assertThat(pod.get("memoryOverhead").asText()).isEqualTo("6144m");
    }
    assertThat(command.split("-XX:[+]UseTransparentHugePages", -1)).hasSize(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "standalone.sh --master spark://a:1 | target/ddpm-spark.jar train",
        "yarn.sh | --files .*/conf/discover-gpus.sh .*discoveryScript=./discover-gpus.sh",
        "kubernetes.sh --master k8s://a --image b | /opt/ddpm/conf/discover-gpus.sh",
        "kubernetes.sh --master k8s://a --image b | extraClassPath=/opt/ddpm/ddpm-spark.jar"
            + " spark-internal train",
        "kubernetes.sh --master k8s://a --image b | /conf/kubernetes/executor-pod-gpu.yaml",
      })
  void gpusMeansOneTaskPerGpu(String call, String expected) throws Exception {
    assertGpus(call + " --gpus --dry-run train", expected);
  }

  private void assertGpus(String call, String expected) throws Exception {
    Result result = run(call);

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("spark.executor.resource.gpu.amount=1", "spark.task.resource.gpu.amount=1")
        .containsPattern(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "standalone.sh --master spark://a:1 | target/ddpm-spark-cuda.jar train",
        "yarn.sh | target/ddpm-spark-cuda.jar train",
        "kubernetes.sh --master k8s://a --image b | extraClassPath=/opt/ddpm/ddpm-spark-cuda.jar"
            + " spark-internal train",
      })
  void nd4jsGpusMeanTheJarOfNd4j(String call, String expected) throws Exception {
    assertGpus(call + " --gpus-nd4j --dry-run train", expected);
  }

  /** What wins is what comes last: the command line, the manager's file, the common file. */
  @Test
  void settingsComeInTheOrderOfTheirPrecedence() throws Exception {
    Result result =
        run(
            Map.of(),
            script("yarn.sh"),
            "--dry-run",
            "--conf",
            "spark.task.maxFailures=1",
            "train");

    assertThat(result.out())
        .containsSubsequence(
            "spark.task.maxFailures=8", "spark.yarn.maxAppAttempts=2", "spark.task.maxFailures=1");
  }

  /** As Spark reads its own files. */
  @Test
  void settingsComeInTheFormOfSparksFiles() throws Exception {
    List<String> lines =
        List.of(
            "# one\r",
            "! two",
            "",
            "spark.a=b\r",
            "spark.b\t \tc d  ",
            "spark.c : e=f",
            "  spark.d   g:h",
            "spark.e x\\:\\\\y\\tz",
            "spark.f one\\",
            "   two",
            "spark.g",
            "spark.h http://i/j");
    Path file = Files.write(folder.resolve("my settings.conf"), lines);
    Files.writeString(file, "spark.last=1", StandardOpenOption.APPEND);

    Result result =
        run(
            Map.of("SPARK_HOME", fakeSpark("printf '<%s>' \"$@\"").toString()),
            script("local.sh"),
            "--jar",
            anyJar(),
            "--settings",
            file.toString(),
            "train");

    Properties expected = new Properties();
    expected.load(Files.newBufferedReader(file));
    assertThat(expected).hasSize(9);
    expected.forEach(
        (key, value) ->
            assertThat(result.out())
                .contains("<--conf><" + key + "=" + value.toString().strip() + ">"));
    assertThat(result.out().split("<--conf><spark\\.[a-h]=|<--conf><spark\\.last=", -1))
        .hasSize(expected.size() + 1);
  }

  @Test
  void discoveryTellsSparkTheAddressesOfTheGpus() throws Exception {
    Path tool = Files.writeString(folder.resolve("nvidia-smi"), "#!/bin/sh\nprintf '0\\n3\\n'\n");
    assertThat(tool.toFile().setExecutable(true)).isTrue();
    Map<String, String> path = Map.of("PATH", folder + ":" + System.getenv("PATH"));

    assertThat(run(path, DISCOVERY))
        .isEqualTo(new Result(0, "{\"name\": \"gpu\", \"addresses\": [\"0\", \"3\"]}\n", ""));
  }

  /** On a fresh machine that takes minutes. */
  @Test
  void theBuildTellsWhatMavenDownloadsAndWhatFails() throws Exception {
    Path build = projectWithout("submit.sh").resolve("submit-scripts/build.sh");
    executable(
        folder.resolve("mvn"),
        """
        echo "[INFO] Downloading from central: https://repo/a/a-1.pom"
        echo "[INFO] Downloaded from central: https://repo/a/a-1.pom (910 kB at 3 kB/s)"
        echo "[INFO] Downloading from central: https://repo/b/b-1.jar"
        sleep 7
        echo "[INFO] Downloaded from central: https://repo/b/b-1.jar (1.2 MB at 1.1 MB/s)"
        sleep 5
        echo "[ERROR] It does not compile."
        exit 3
        """);

    Result result = run(path(folder), build.toString());

    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.out().lines().skip(1))
        .containsExactly(
            "  Maven: 1 files, 0 MB downloaded; now b-1.jar",
            "  Maven: 2 files, 2 MB downloaded",
            "[ERROR] It does not compile.");
  }

  /** Maven writes the jar before it finds that it is too large. */
  @Test
  void aJarOfAFailedBuildIsBuiltAnew() throws Exception {
    Path project = projectWithout("submit.sh");
    String build = project.resolve("submit-scripts/build.sh").toString();
    executable(
        folder.resolve("mvn"), "echo jar > spark-job/target/ddpm-spark.jar; exit \"${CODE:-0}\"\n");

    Map<String, String> failing = new HashMap<>(path(folder));
    failing.put("CODE", "3");
    assertThat(run(failing, build, "--no-archive").exitCode()).isEqualTo(3);
    assertThat(run(path(folder), build, "--no-archive").out()).contains("Building the job jar");
    assertThat(run(path(folder), build, "--no-archive").out()).isEmpty();
  }

  @Test
  void theBuildWritesTheArchiveOfClassesOnce() throws Exception {
    Path project = projectWithout("submit.sh");
    String build = project.resolve("submit-scripts/build.sh").toString();
    Path archive = project.resolve("spark-job/target/ddpm-spark.jsa");
    executable(folder.resolve("mvn"), "echo jar > spark-job/target/ddpm-spark.jar\n");
    executable(
        project.resolve("submit-scripts/submit.sh"),
        "echo half > \"$4\"; case \"$4\" in *.new) ;; *) exit 5 ;; esac; exit \"${CODE:-0}\"\n");

    assertThat(run(path(folder), build, "--no-archive").exitCode()).isZero();
    assertThat(archive).doesNotExist();

    Map<String, String> failing = new HashMap<>(path(folder));
    failing.put("CODE", "4");
    Result failed = run(failing, build);
    assertThat(failed.exitCode()).isZero();
    assertThat(failed.out()).contains("There is none, and jobs do without: ");
    assertThat(archive.getParent()).isDirectoryNotContaining("glob:**.jsa*[!g]");

    assertThat(run(path(folder), build).out()).contains("archive of classes");
    assertThat(archive).exists();
    assertThat(run(path(folder), build).out()).isEmpty();
  }

  @Test
  void localJobsStartWithAnArchiveOfClassesThatFits() throws Exception {
    Path project = projectWithout("build.sh");
    String local = project.resolve("submit-scripts/local.sh").toString();
    Path target = project.resolve("spark-job/target").toRealPath();
    Path jar = Files.writeString(target.resolve("ddpm-spark.jar"), "");
    Path archive = target.resolve("ddpm-spark.jsa");
    String option = "DDPM_CLASS_ARCHIVE=" + archive;
    Map<String, String> embedded = Map.of("SPARK_HOME", "");

    assertThat(run(embedded, local, "--dry-run", "train").out()).doesNotContain(option);

    Files.writeString(archive, "");
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().minusSeconds(60)));
    assertThat(run(embedded, local, "--dry-run", "train").out()).contains(option);
    assertThat(run(embedded, local, "--jar", anyJar(), "--dry-run", "train").out())
        .as("another class path")
        .doesNotContain(option);
    assertThat(run(Map.of("SPARK_HOME", "/spark"), local, "--dry-run", "train").out())
        .as("another Spark")
        .doesNotContain(option);
    String yarn = project.resolve("submit-scripts/yarn.sh").toString();
    assertThat(run(embedded, yarn, "--dry-run", "train").out()).doesNotContain(option);

    Files.setLastModifiedTime(archive, FileTime.from(Instant.now().minusSeconds(120)));
    assertThat(run(embedded, local, "--dry-run", "train").out())
        .as("of an older jar")
        .doesNotContain(option);
  }

  /** A project of nothing but scripts and settings, with a folder for what is built. */
  private Path projectWithout(String script) throws IOException {
    Path project = folder.resolve("project");
    Files.createDirectories(project.resolve("spark-job/target/spark/jars"));
    for (Path from : List.of(SCRIPTS, Path.of("../conf"))) {
      try (Stream<Path> files = Files.walk(from)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path copy = project.resolve(from.getFileName()).resolve(from.relativize(file));
          if (!file.endsWith(script)) {
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
          }
        }
      }
    }
    Files.writeString(project.resolve("pom.xml"), "");
    for (String module : List.of("model", "spark-job")) {
      Files.createDirectories(project.resolve(module + "/src/main"));
      Files.writeString(project.resolve(module + "/pom.xml"), "");
    }
    return project;
  }

  private static void executable(Path script, String body) throws IOException {
    Files.writeString(script, "#!/bin/sh\n" + body);
    assertThat(script.toFile().setExecutable(true)).isTrue();
  }

  private static Map<String, String> path(Path first) {
    return Map.of("PATH", first + ":" + System.getenv("PATH"));
  }

  @Test
  void imageIsBuiltFromWhatMavenMakes() throws Exception {
    Result result =
        run(
            Map.of(),
            script("build-image.sh"),
            "--dry-run",
            "--gpus-nd4j",
            "registry/ddpm-gpu:0.1");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out().lines())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).contains("build.sh --gpus-nd4j"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("docker build --file ")
                    .contains("image/Dockerfile --tag registry/ddpm-gpu:0.1")
                    .contains("--build-arg BASE_IMAGE=nvidia/cuda:11.6.2-cudnn8-")
                    .contains("--build-arg JOB_JAR=ddpm-spark-cuda.jar"));
  }

  @Test
  void theImageForGpusHasTheNormalJobJarAndCuda13() throws Exception {
    Result result =
        run(Map.of(), script("build-image.sh"), "--dry-run", "--gpus", "registry/ddpm-gpu:0.2");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out().lines())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).contains("build.sh --no-archive"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .contains("image/Dockerfile --tag registry/ddpm-gpu:0.2")
                    .contains("--build-arg BASE_IMAGE=nvidia/cuda:13.0.1-cudnn-runtime-")
                    .doesNotContain("JOB_JAR"));
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

  /** What is handed to Spark as the application's file is copied. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "local.sh --jar a.jar | SPARK_DIST_CLASSPATH=a.jar .* spark-internal",
        "local.sh --master local-cluster[1,1,1] --jar a.jar | SPARK_DIST_CLASSPATH=a.jar .*"
            + " spark-internal",
        "standalone.sh --master spark://a:1 --jar local:/a.jar | SPARK_DIST_CLASSPATH=/a.jar .*"
            + " spark.executor.extraClassPath=/a.jar spark-internal",
        "standalone.sh --master spark://a:1 --jar local:///a.jar --conf"
            + " spark.executor.extraClassPath=b | spark.executor.extraClassPath=b:/a.jar"
            + " spark-internal",
        "standalone.sh --master spark://a:1 --jar a.jar | a.jar",
        "yarn.sh --jar local:/a.jar | local:/a.jar",
        "local.sh --jar file:/a.jar | file:/a.jar",
        // ONNX Runtime is found by the job only if Spark loads both.
        "local.sh --jar a.jar --conf spark.jars.packages=com.microsoft.onnxruntime:onnxruntime:1 |"
            + " a.jar",
        "standalone.sh --master spark://a:1 --jar local:/a.jar --conf"
            + " spark.jars=/b/onnxruntime.jar | spark.jars=/b/onnxruntime.jar local:/a.jar",
        "local.sh --jar a.jar --conf spark.jars.packages=io.delta:delta:1 |"
            + " SPARK_DIST_CLASSPATH=a.jar .* spark-internal",
      })
  void aJarThatIsThereIsNotHandedOver(String call, String expected) throws Exception {
    String[] words = (call + " --dry-run train").split(" ");
    words[0] = script(words[0]);

    Result result = run(Map.of(), words);

    assertThat(result.err()).isEmpty();
    assertThat(result.out()).containsPattern(" " + expected + " train \n$");
  }

  /** Its own script sets what local.sh would, after local.sh. */
  @Test
  void aSparkWithoutHadoopGetsTheJarAsItIs() throws Exception {
    Path spark = fakeSpark("printf '%s\\n' \"$@\"");
    Path settings = Files.createDirectories(spark.resolve("conf")).resolve("spark-env.sh");
    Files.writeString(settings, "export SPARK_DIST_CLASSPATH=$(hadoop classpath)\n");

    Result result =
        run(Map.of("SPARK_HOME", spark.toString()), script("local.sh"), "--jar", anyJar(), "train");

    assertThat(result.out()).endsWith(anyJar() + "\ntrain\n");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatAKilledDriverLeavesGoesAtTheNextStart() throws Exception {
    Path spark =
        fakeSpark(
            "for w in \"$@\"; do case $w in *tmpdir=*) d=${w##*tmpdir=}; d=${d%% *};; esac; done\n"
                + "echo data > $d/data; echo $d; [ $2 = 'local[1]' ] || exec sleep 60");
    Map<String, String> environment =
        Map.of("SPARK_HOME", spark.toString(), "TMPDIR", folder.toString());
    String[] job = {script("local.sh"), "--master", "local[2]", "--jar", anyJar(), "train"};
    Path killed;
    Path living;
    Process first = start(environment, job);
    Process second = start(environment, job);
    try {
      killed = Path.of(first.inputReader().readLine());
      living = Path.of(second.inputReader().readLine());
      assertThat(List.of(killed, living))
          .allSatisfy(path -> assertThat(path).isNotEmptyDirectory());
      first.destroyForcibly().waitFor();

      job[2] = "local[1]";
      Result next = run(environment, job);

      assertThat(next.exitCode()).as(next.err()).isZero();
      assertThat(killed).doesNotExist();
      assertThat(living.resolve("data")).exists();
      assertThat(Path.of(next.out().strip())).hasParent(living.getParent());
    } finally {
      first.destroyForcibly();
      second.destroyForcibly();
    }
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
        "local.sh --dry-run | a command is missing: one of ingest, train, sample, evaluate,",
        "standalone.sh --dry-run train | --master is missing",
        "yarn.sh --deploy-mode both train | --deploy-mode = both: must be client or cluster",
        "kubernetes.sh --master k8s://http://a:1 train | --image is missing",
        "yarn.sh --supervise train | --supervise is for standalone clusters",
        "local.sh --gpus train | --gpus is for clusters",
        "local.sh --gpus-nd4j train | --gpus is for clusters",
        "build-image.sh --gpus --gpus-nd4j a | --gpus and --gpus-nd4j are two images",
        "build.sh --gpus | unknown option --gpus",
        "quickstart.sh --fast | unknown option --fast",
        "build-image.sh | the name of the image is missing",
        "build-image.sh --engine buildah a | --engine = buildah: must be docker or podman",
        "submit.sh train | call local.sh",
        "standalone.sh --master spark://a:1 --deploy-mode cluster --jar local:/a.jar train | --jar"
            + " = local:/a.jar: is for client mode",
      })
  void aWrongCallIsOneLine(String call, String message) throws Exception {
    Result result = run(call);

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
        .contains("--master local\\[2\\]")
        .contains("spark-internal train --config conf/fashion-mnist.conf");
    assertThat(result.out()).contains("spark-internal sample ").contains("--count 80");
  }

  /** Whose settings were others. */
  @Test
  void quickstartTellsWhatToDoWithTheRunOfAnEarlierVersion() throws Exception {
    String quickstart =
        quickstartOf(Map.of("build.sh", "#!/bin/sh\nexit 0\n", "local.sh", "#!/bin/sh\nexit 2\n"));

    Result result = run(Map.of(), quickstart);

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err())
        .isEqualTo(
            "To start over, as with a runs/fashion-mnist of an earlier version, remove it.\n");
  }

  /** Which of its steps it was: nothing goes on without it. */
  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void quickstartPassesASignalOn(String signal, int exitCode) throws Exception {
    Signals.assumeNotIgnored(signal);
    String step =
        "#!/bin/bash\ntrap 'echo caught; exit %d' %s\necho \"$*\"\nwhile :; do sleep 0.1; done\n"
            .formatted(exitCode, signal);

    Process quickstart =
        start(Map.of(), quickstartOf(Map.of("build.sh", "#!/bin/sh\nexit 0\n", "local.sh", step)));
    try {
      BufferedReader lines = quickstart.inputReader();
      assertThat(lines.readLine()).contains(" train ");
      assertThat(run(Map.of(), "kill", "-" + signal, Long.toString(quickstart.pid())).exitCode())
          .isZero();

      assertThat(quickstart.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(quickstart.exitValue()).isEqualTo(exitCode);
      assertThat(lines.lines()).containsExactly("caught");
    } finally {
      quickstart.descendants().forEach(ProcessHandle::destroyForcibly);
      quickstart.destroyForcibly();
    }
  }

  @Test
  void aSignalReachesWhatTheBuildRuns() throws Exception {
    String build = "#!/bin/bash\nsleep 300 &\necho $!\nwait\n";

    Process quickstart = start(Map.of(), quickstartOf(Map.of("build.sh", build)));
    ProcessHandle maven =
        ProcessHandle.of(Long.parseLong(quickstart.inputReader().readLine())).orElseThrow();
    try {
      quickstart.destroy();

      assertThat(quickstart.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(quickstart.exitValue()).isEqualTo(143);
      await().atMost(Duration.ofSeconds(10)).until(() -> !maven.isAlive());
    } finally {
      maven.destroyForcibly();
      quickstart.destroyForcibly();
    }
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

  /** The quickstart, with other scripts for what it runs. */
  private String quickstartOf(Map<String, String> steps) throws IOException {
    Path scripts = Files.createDirectories(folder.resolve("submit-scripts"));
    for (String name : List.of("quickstart.sh", "functions.bash")) {
      Files.copy(SCRIPTS.resolve(name), scripts.resolve(name));
    }
    for (var step : steps.entrySet()) {
      Path script = Files.writeString(scripts.resolve(step.getKey()), step.getValue());
      assertThat(script.toFile().setExecutable(true)).isTrue();
    }
    return scripts.resolve("quickstart.sh").toString();
  }

  /** Runs one of the scripts, by its name, with options that have no blanks. */
  private Result run(String call) throws IOException, InterruptedException {
    String[] words = call.split(" ");
    words[0] = script(words[0]);
    return run(Map.of(), words);
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

  private static Process start(Map<String, String> environment, String... command)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    return builder.start();
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
