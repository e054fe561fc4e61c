package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Dockerfile, without an engine that could build it, and the entrypoint as a process. */
class ContainerImageTest {
  private static final Path IMAGE = Submission.PROJECT.resolve("image");
  private static final Path ENTRYPOINT = IMAGE.resolve("entrypoint.sh");

  @TempDir Path folder;

  private record Instruction(String name, String arguments) {}

  private record Result(int exitCode, List<String> lines) {}

  /** A fake Java and a fake spark-submit that print their arguments, one per line. */
  @BeforeEach
  void makeSpark() throws IOException {
    for (String name : List.of("java/bin/java", "spark/bin/spark-submit")) {
      Path program = folder.resolve(name);
      Files.createDirectories(program.getParent());
      Files.writeString(program, "#!/bin/sh\nprintf '%s\\n' \"" + name + "\" \"$@\"\n");
      assertThat(program.toFile().setExecutable(true)).isTrue();
    }
  }

  @Test
  void everythingThatIsCopiedExistsAfterABuild() throws IOException {
    for (Instruction copy : dockerfile("COPY")) {
      if (!copy.arguments().startsWith("--from=")) {
        String source = copy.arguments().split(" ", 2)[0].replace("${JOB_JAR}", "ddpm-spark.jar");
        // What Maven makes: named here as the build names it.
        if (source.equals("spark-job/target/ddpm-spark.jar")) {
          assertThat(Files.readString(Submission.PROJECT.resolve("spark-job/pom.xml")))
              .contains("<outputFile>${project.build.directory}/${job.jar}.jar</outputFile>");
        } else {
          assertThat(Submission.PROJECT.resolve(source)).exists();
        }
        assertThat(Files.readAllLines(IMAGE.resolve("Dockerfile.dockerignore")))
            .as("sent to the builder")
            .anySatisfy(line -> assertThat("!" + source).startsWith(line));
      }
    }
  }

  /** It belongs to the files at the paths at which they are then. */
  @Test
  void theArchiveOfClassesIsWrittenWhenEverythingIsCopied() throws IOException {
    List<Instruction> all = dockerfile("");
    int written = 0;
    while (!all.get(written)
        .arguments()
        .contains("/archive-classes.sh --jar /opt/ddpm/${JOB_JAR}")) {
      written++;
    }

    assertThat(all.get(written).name()).isEqualTo("RUN");
    assertThat(all.subList(written, all.size()))
        .extracting(Instruction::name)
        .doesNotContain("COPY");
    assertThat(all.subList(0, written))
        .anySatisfy(env -> assertThat(env.arguments()).contains("DDPM_CLASS_ARCHIVE=/opt/ddpm/"));
    var images =
        Pattern.compile("--mount=type=bind,source=([^,]+),target=(\\S+) .* --images \\2 .*");
    var mount = images.matcher(all.get(written).arguments());
    assertThat(mount.matches()).isTrue();
    assertThat(Submission.PROJECT.resolve(mount.group(1))).isDirectory();
    assertThat(Files.readAllLines(IMAGE.resolve("Dockerfile.dockerignore")))
        .contains("!" + mount.group(1));
  }

  @Test
  void theDockerfileKeepsTheRulesOfImages() throws IOException {
    assertThat(dockerfile("FROM"))
        .allSatisfy(
            from ->
                assertThat(from.arguments().replace("${BASE_IMAGE}", "ubuntu:22.04"))
                    .contains(":")
                    .doesNotContain(":latest"));
    assertThat(dockerfile("ARG"))
        .anySatisfy(arg -> assertThat(arg.arguments()).isEqualTo("BASE_IMAGE=ubuntu:22.04"));
    assertThat(dockerfile("USER"))
        .singleElement()
        .extracting(Instruction::arguments)
        .as("a number, which Kubernetes can tell from root")
        .isEqualTo("185");
    assertThat(dockerfile("ENTRYPOINT"))
        .singleElement()
        .extracting(Instruction::arguments)
        .as("no shell in between, which would keep signals to itself")
        .isEqualTo("[\"/opt/entrypoint.sh\"]");
    assertThat(dockerfile("RUN"))
        .filteredOn(run -> run.arguments().contains("apt-get"))
        .singleElement()
        .satisfies(
            run ->
                assertThat(run.arguments())
                    .contains("--no-install-recommends", "rm -rf /var/lib/apt/lists/*"));
    assertThat(dockerfile("ADD")).isEmpty();
    Pattern known = Pattern.compile("ARG|FROM|LABEL|RUN|COPY|ENV|WORKDIR|USER|ENTRYPOINT");
    assertThat(dockerfile(""))
        .allSatisfy(instruction -> assertThat(instruction.name()).matches(known));
  }

  @Test
  void hadolintFindsNothing() throws Exception {
    boolean installed =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, "hadolint")));
    if (!installed) {
      System.out.println("Skipped: hadolint is not installed; the Dockerfile has its own checks.");
    }
    assumeTrue(installed, "hadolint is not installed");

    assertThat(run(Map.of(), "hadolint", IMAGE.resolve("Dockerfile").toString()))
        .isEqualTo(new Result(0, List.of()));
  }

  @Test
  void driverRunsSparkSubmitInClientMode() throws Exception {
    Result result =
        run(
            Map.of("SPARK_DRIVER_BIND_ADDRESS", "10.0.0.7"),
            ENTRYPOINT.toString(),
            "driver",
            "--class",
            "dev.ddpm.spark.Main",
            "train it");

    assertThat(result)
        .isEqualTo(
            new Result(
                0,
                List.of(
                    "spark/bin/spark-submit",
                    "--conf",
                    "spark.driver.bindAddress=10.0.0.7",
                    "--deploy-mode",
                    "client",
                    "--class",
                    "dev.ddpm.spark.Main",
                    "train it")));
  }

  @Test
  void executorGetsItsOptionsInTheirOrder() throws Exception {
    Map<String, String> environment =
        new TreeMap<>(
            Map.of(
                "SPARK_EXECUTOR_MEMORY", "2048m",
                "SPARK_DRIVER_URL", "spark://driver:7078",
                "SPARK_EXECUTOR_ID", "3",
                "SPARK_EXECUTOR_CORES", "4",
                "SPARK_APPLICATION_ID", "spark-1",
                "SPARK_EXECUTOR_POD_IP", "10.0.0.8",
                "SPARK_RESOURCE_PROFILE_ID", "0",
                "SPARK_EXECUTOR_POD_NAME", "pod-3",
                "SPARK_CONF_DIR", "/opt/spark/conf",
                "SPARK_CLASSPATH", "/extra/*"));
    for (int i = 0; i < 12; i++) {
      environment.put("SPARK_JAVA_OPT_" + i, "-Dnumber=" + i + " and more");
    }

    Result result = run(environment, ENTRYPOINT.toString(), "executor");

    List<String> expected = new ArrayList<>(List.of("java/bin/java"));
    for (int i = 0; i < 12; i++) {
      expected.add("-Dnumber=" + i + " and more");
    }
    expected.addAll(List.of("-Xms2048m", "-Xmx2048m", "-cp"));
    expected.add("/opt/spark/conf:/extra/*:" + folder.resolve("spark") + "/jars/*");
    expected.add("org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend");
    expected.addAll(List.of("--driver-url", "spark://driver:7078", "--executor-id", "3"));
    expected.addAll(List.of("--cores", "4", "--app-id", "spark-1", "--hostname", "10.0.0.8"));
    expected.addAll(List.of("--resourceProfileId", "0", "--podName", "pod-3"));
    assertThat(result).isEqualTo(new Result(0, expected));
  }

  /** Its class path is the same on every file system: jars by name, then folders. */
  @Test
  void executorStartsWithTheArchiveOfClassesIfThereIsOne() throws Exception {
    Files.writeString(
        folder.resolve("java/bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$@\" \"path $CLASSPATH\"\n");
    Path spark = folder.resolve("spark");
    Files.createSymbolicLink(
        spark.resolve("bin/with-archive"),
        Submission.PROJECT.resolve("submit-scripts/bin/with-archive"));
    Path jars = Files.createDirectory(spark.resolve("jars"));
    for (String file : List.of("b.jar", "a.jar", "c.txt", "a b.jar")) {
      Files.createFile(jars.resolve(file));
    }
    Path conf = Files.createDirectory(folder.resolve("conf"));
    Path archive = folder.resolve("classes.jsa");
    Map<String, String> environment =
        new TreeMap<>(Map.of("SPARK_CONF_DIR", conf.toString(), "SPARK_CLASSPATH", "/job.jar"));
    environment.put("DDPM_CLASS_ARCHIVE", archive.toString());
    environment.put("SPARK_JAVA_OPT_0", "-Da=b c");
    for (String name :
        List.of(
            "EXECUTOR_MEMORY",
            "DRIVER_URL",
            "EXECUTOR_ID",
            "EXECUTOR_CORES",
            "APPLICATION_ID",
            "EXECUTOR_POD_IP",
            "RESOURCE_PROFILE_ID",
            "EXECUTOR_POD_NAME")) {
      environment.put("SPARK_" + name, name);
    }
    String path =
        String.join(
            ":", "path /job.jar", jars + "/a b.jar", jars + "/a.jar", jars + "/b.jar", "" + conf);

    Result without = run(environment, ENTRYPOINT.toString(), "executor");
    Files.createFile(archive);
    Result with = run(environment, ENTRYPOINT.toString(), "executor");

    assertThat(without.lines()).startsWith("-Da=b c", "-XmsEXECUTOR_MEMORY").endsWith(path);
    assertThat(with.lines())
        .startsWith(
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            "-XX:SharedArchiveFile=" + archive,
            "-Da=b c",
            "-XmsEXECUTOR_MEMORY")
        .doesNotContain("-cp")
        .endsWith(path);
  }

  @Test
  void anyOtherCommandIsRunAsItIs() throws Exception {
    assertThat(run(Map.of(), ENTRYPOINT.toString(), "sh", "-c", "echo hello; exit 7"))
        .isEqualTo(new Result(7, List.of("hello")));
  }

  /** Instructions of a name, or all for the empty name, with continued lines joined. */
  private static List<Instruction> dockerfile(String name) throws IOException {
    String text =
        Files.readString(IMAGE.resolve("Dockerfile"))
            .replaceAll("(?m)^#.*\\R", "")
            .replaceAll("\\\\\\R\\s*", "");
    return text.lines()
        .filter(line -> !line.isBlank())
        .map(line -> new Instruction(line.split(" ", 2)[0], line.split(" ", 2)[1]))
        .filter(instruction -> name.isEmpty() || instruction.name().equals(name))
        .toList();
  }

  private Result run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
    builder.environment().put("JAVA_HOME", folder.resolve("java").toString());
    builder.environment().put("SPARK_HOME", folder.resolve("spark").toString());
    builder.environment().remove("HADOOP_CONF_DIR");
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended within a minute").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), Files.readAllLines(out));
  }
}
