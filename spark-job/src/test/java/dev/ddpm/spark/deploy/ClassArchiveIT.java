package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * JVMs take their classes from the archive that {@code archive-classes.sh} writes. One that does
 * not fit to a class path is left aside without a word, so that only the JVM's own log tells it.
 */
@Tag("clusters")
@EnabledOnOs(OS.LINUX)
class ClassArchiveIT {
  private static final Path PROJECT = Submission.PROJECT;
  private static final Path JAR = PROJECT.resolve("spark-job/target/ddpm-spark.jar");
  private static final String FROM_ARCHIVE = "source: shared objects file (top)";

  /** Fewer than any of the JVMs takes, and none takes when the archive does not fit. */
  private static final int MANY = 1500;

  /** Far above the minute that writing takes: reached only by what hangs. */
  private static final Duration LIMIT = Duration.ofMinutes(15);

  @TempDir static Path shared;

  private static Path archive;

  @TempDir Path folder;

  @BeforeAll
  static void writeTheArchive() throws Exception {
    archive = shared.resolve("ddpm-spark.jsa");

    String said =
        run(
            Map.of(),
            shared.resolve("log"),
            PROJECT.resolve("submit-scripts/archive-classes.sh").toString(),
            archive.toString());

    assertThat(said).isEqualTo("Archive of classes: " + archive + "\n");
  }

  /** As the Dockerfile lays them out, with a folder of configuration as Kubernetes mounts it. */
  @Test
  void driversAndExecutorsOfTheImage() throws Exception {
    Path spark = Files.createDirectory(folder.resolve("spark"));
    Files.createSymbolicLink(spark.resolve("jars"), PROJECT.resolve("spark-job/target/spark/jars"));
    Files.createSymbolicLink(spark.resolve("bin"), PROJECT.resolve("submit-scripts/bin"));
    Path conf = Files.createDirectory(folder.resolve("conf"));
    Files.writeString(conf.resolve("spark.properties"), "spark.app.name=test\n");
    Map<String, String> pod = new TreeMap<>(Map.of("SPARK_HOME", spark.toString()));
    pod.put("DDPM_CLASS_ARCHIVE", archive.toString());
    pod.put("SPARK_CONF_DIR", conf.toString());
    pod.put("SPARK_DRIVER_BIND_ADDRESS", "127.0.0.1");
    pod.put("SPARK_CLASSPATH", JAR.toString());
    pod.put("SPARK_JAVA_OPT_0", logOfClasses("executor"));
    pod.put("SPARK_EXECUTOR_MEMORY", "512m");
    // Nobody listens there: the executor ends when it has tried.
    pod.put("SPARK_DRIVER_URL", "spark://CoarseGrainedScheduler@127.0.0.1:1");
    pod.put("SPARK_EXECUTOR_ID", "1");
    pod.put("SPARK_EXECUTOR_CORES", "1");
    pod.put("SPARK_APPLICATION_ID", "test");
    pod.put("SPARK_EXECUTOR_POD_IP", "127.0.0.1");
    pod.put("SPARK_RESOURCE_PROFILE_ID", "0");
    pod.put("SPARK_EXECUTOR_POD_NAME", "pod");
    List<String> driver = new ArrayList<>(List.of("driver", "--master", "local[1]"));
    driver.addAll(List.of("--conf", "spark.driver.extraClassPath=" + JAR));
    driver.addAll(List.of("--driver-java-options", logOfClasses("driver")));
    driver.addAll(List.of("--class", "dev.ddpm.spark.Main", "spark-internal", "config"));

    entrypoint(pod, driver);
    entrypoint(pod, List.of("executor"));

    assertThat(fromArchive("driver"))
        .hasSizeGreaterThan(MANY)
        .anySatisfy(line -> assertThat(line).contains("dev.ddpm.spark.Main "));
    assertThat(fromArchive("executor")).hasSizeGreaterThan(MANY);

    pod.put("DDPM_CLASS_ARCHIVE", folder.resolve("none").toString());
    entrypoint(pod, List.of("executor"));
    assertThat(fromArchive("executor")).as("without it executors start as well").isEmpty();
    assertThat(Files.readAllLines(folder.resolve("executor.classes"))).hasSizeGreaterThan(MANY);
  }

  @Test
  void executorsOfAStandaloneCluster() throws Exception {
    var jobs = new TinyApplications(LocalOutcome.inputIn(folder).toString(), folder.toString());
    try (var cluster = StandaloneCluster.start(folder)) {
      List<String> words = new ArrayList<>(List.of("--master", cluster.master()));
      words.addAll(List.of("--executor-cores", "1", "--conf", "spark.cores.max=1"));
      words.addAll(List.of("--jar", "local:" + JAR));
      words.addAll(settings());
      words.addAll(jobs.ingest());
      Submission.start(folder.resolve("ingest.log"), Map.of(), "standalone.sh", words).succeeds();
    }

    assertThat(fromArchive("executor")).hasSizeGreaterThan(MANY);
  }

  @Test
  void executorsOfYarn() throws Exception {
    Path input = LocalOutcome.inputIn(folder);
    try (var cluster = HadoopCluster.start(folder)) {
      var jobs = new TinyApplications("file:" + input, cluster.hdfs() + "/base");
      List<String> words = new ArrayList<>(List.of("--executors", "1", "--executor-cores", "1"));
      words.addAll(settings());
      words.addAll(List.of("--conf", "spark.executor.extraClassPath=" + JAR));
      words.addAll(
          List.of(
              "--conf",
              "spark.yarn.jars=local:" + PROJECT + "/spark-job/target/spark/jars/*",
              "--conf",
              "spark.yarn.appMasterEnv.JAVA_HOME=" + System.getProperty("java.home")));
      words.addAll(jobs.ingest());
      Submission.start(
              folder.resolve("ingest.log"),
              Map.of("HADOOP_CONF_DIR", cluster.configurationFolder().toString()),
              "yarn.sh",
              words)
          .succeeds();
    }

    assertThat(fromArchive("executor")).hasSizeGreaterThan(MANY);
  }

  /** Those that give executors the archive, and have them log their classes. */
  private List<String> settings() {
    List<String> words = new ArrayList<>(List.of("--memory", "512m", "--native-memory", "1g"));
    for (String setting :
        List.of(
            "spark.executorEnv.JAVA_HOME=" + PROJECT.resolve("submit-scripts/java-home"),
            "spark.executorEnv.DDPM_JAVA_HOME=" + System.getProperty("java.home"),
            "spark.executorEnv.DDPM_CLASS_ARCHIVE=" + archive,
            "spark.executor.extraJavaOptions=--add-modules=jdk.incubator.vector "
                + logOfClasses("executor"))) {
      words.addAll(List.of("--conf", setting));
    }
    return words;
  }

  private String logOfClasses(String name) {
    return "-Xlog:class+load:file=" + folder.resolve(name + ".classes");
  }

  /** Classes that a JVM has taken from the archive, by its log. */
  private List<String> fromArchive(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name + ".classes")).stream()
        .filter(line -> line.contains(FROM_ARCHIVE))
        .toList();
  }

  private void entrypoint(Map<String, String> environment, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(PROJECT.resolve("image/entrypoint.sh").toString());
    command.addAll(arguments);
    run(environment, folder.resolve("log"), command.toArray(String[]::new));
  }

  /** What a command prints until it ends. */
  private static String run(Map<String, String> environment, Path log, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().remove("SPARK_HOME");
    // Training is not for a JVM without its optimising compiler, as that of other tests here.
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
          .as("ends within %s", LIMIT)
          .isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return Files.readString(log);
  }
}
