package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.spark.LocalSpark;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * 2,000 images of two classes in 50 steps, some of them guided, on a cluster of two executors, as
 * processes that are killed: what comes out is what comes out undisturbed, in other files, in one
 * process.
 */
class SampleFaultTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int COUNT = 2000;
  private static final int FILE_IMAGES = 40;
  private static final int FILES = COUNT / FILE_IMAGES;

  /** Exit code of a process that was killed: 128 and the number of the signal. */
  private static final int KILLED = 137;

  private static final int TERMINATED = 143;

  private static final Duration LIMIT = Duration.ofMinutes(4);
  private static final List<String> SETTINGS =
      List.of(
          "sampling.sampler=ddim",
          "sampling.steps=50",
          "sampling.micro-batch=40",
          "sampling.classes=c=1,a=2",
          "sampling.guidance=2.0",
          "sampling.guidance-interval=[50, 60]",
          "sampling.seed=3");

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private static String undisturbed;

  private Process driver;

  @BeforeAll
  static void sampleUndisturbed() throws IOException {
    model = TinyModel.write(shared.resolve("model"), 5, List.of("a", "b", "c"));
    Path output = shared.resolve("samples");
    sample(output, "sampling.shard-size=400");
    undisturbed = manifest(output).get("fingerprint").asText();
  }

  @AfterEach
  void endProcesses() {
    if (driver != null) {
      List<ProcessHandle> all = new ArrayList<>(driver.descendants().toList());
      driver.destroyForcibly();
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }

  private static SampleJob.Result sample(Path output, String... assignments) {
    List<String> all = new ArrayList<>(SETTINGS);
    all.addAll(List.of(assignments));
    return new SampleJob(SPARK.session(), new PrintWriter(new StringWriter()))
        .run(
            new SampleJob.Request(
                model.toString(),
                output.toString(),
                COUNT,
                TinyModel.sampling(all.toArray(String[]::new))));
  }

  /**
   * A driver of its own with a cluster of two executors, as {@code spark-submit} would start it.
   */
  private void startDriver(Path output) throws IOException {
    String classPath = LocalSpark.classPath();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--add-"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=2g",
            "-Dspark.master=local-cluster[2,1,4096]",
            "-Dspark.app.name=faults",
            "-Dspark.ui.enabled=false",
            "-Dspark.driver.host=127.0.0.1",
            "-Dspark.driver.bindAddress=127.0.0.1",
            "-Dspark.executor.memory=1g",
            "-Dspark.executor.extraClassPath=" + classPath,
            "-Dspark.executor.extraJavaOptions=--add-modules=jdk.incubator.vector"
                + " -Dorg.bytedeco.javacpp.maxphysicalbytes=2g"
                // Vector kernels need the optimising compiler.
                + " -XX:+UseSerialGC",
            "-Dspark.executorEnv.SPARK_SCALA_VERSION=2.12",
            "-Dspark.executorEnv.OMP_NUM_THREADS=1",
            "-Dspark.executor.heartbeatInterval=1s",
            "-cp",
            classPath,
            "dev.ddpm.spark.Main",
            "sample",
            "--model",
            model.toString(),
            "--output",
            output.toString(),
            "--count",
            Integer.toString(COUNT),
            "--set",
            "sampling.shard-size=" + FILE_IMAGES));
    for (String setting : SETTINGS) {
      command.addAll(List.of("--set", setting));
    }
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("driver.log").toFile());
    builder.environment().put("SPARK_HOME", Path.of("target/spark").toAbsolutePath().toString());
    driver = builder.start();
  }

  /** All JVMs below the driver: its workers run in the driver itself. */
  private List<ProcessHandle> executors() {
    return driver
        .descendants()
        .filter(process -> process.info().command().orElse("").endsWith("/java"))
        .toList();
  }

  private void awaitFiles(Path output, int atLeast) {
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> {
              assertThat(driver.isAlive() || files(output).size() == FILES)
                  .as(() -> log())
                  .isTrue();
              return files(output).size() >= atLeast;
            });
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("driver.log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Complete files, with when they were written. */
  private static Map<String, String> files(Path output) throws IOException {
    Map<String, String> files = new TreeMap<>();
    if (Files.isDirectory(output.resolve("images"))) {
      try (Stream<Path> all = Files.list(output.resolve("images"))) {
        for (Path file : all.toList()) {
          String name = file.getFileName().toString();
          if (name.endsWith(".parquet") && !name.startsWith(".")) {
            files.put(name, Files.getLastModifiedTime(file).toString());
          }
        }
      }
    }
    return files;
  }

  private static JsonNode manifest(Path output) throws IOException {
    return new JsonMapper().readTree(output.resolve("manifest.json").toFile());
  }

  private static void assertUndisturbed(Path output) throws IOException {
    JsonNode manifest = manifest(output);
    assertThat(manifest.get("complete").asBoolean()).isTrue();
    assertThat(manifest.get("fingerprint").asText()).isEqualTo(undisturbed);
    assertThat(files(output)).hasSize(FILES);
    assertThat(
            SPARK
                .session()
                .read()
                .parquet(output.resolve("images").toString())
                .orderBy("sample_index")
                .select("sample_index", "label_name")
                .collectAsList())
        .extracting(row -> row.getLong(0) + row.getString(1))
        .containsExactlyElementsOf(
            LongStream.range(0, COUNT).mapToObj(i -> i + (i % 3 == 1 ? "c" : "a")).toList());
  }

  /** What writers have left that were killed: hidden, and removed once it is old. */
  private static List<Path> unfinished(Path output) throws IOException {
    try (Stream<Path> all = Files.list(output.resolve("images"))) {
      return all.filter(file -> file.getFileName().toString().matches("\\.0.*[^c][^r][^c]"))
          .toList();
    }
  }

  @Test
  void executorsThatAreKilledChangeNothing() throws Exception {
    Path output = folder.resolve("samples");
    startDriver(output);
    Set<Long> killed = new HashSet<>();
    for (int atLeast : new int[] {FILES / 10, FILES / 2}) {
      awaitFiles(output, atLeast);
      // The oldest has drawn images already; a new one may still be starting.
      ProcessHandle executor =
          executors().stream()
              .filter(process -> !killed.contains(process.pid()))
              .min(Comparator.comparing(process -> process.info().startInstant().orElseThrow()))
              .orElseThrow();
      kill(executor);
      killed.add(executor.pid());
      assertThat(files(output)).as("there was work left").hasSizeLessThan(FILES);
    }

    assertThat(driver.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).as(() -> log()).isTrue();
    assertThat(driver.exitValue()).as(() -> log()).isZero();
    assertUndisturbed(output);
    assertThat(killed).hasSize(2);
    // Each executor died with a task in its hands.
    assertThat(manifest(output).at("/sessions/0/failed_tasks").asLong()).isGreaterThanOrEqualTo(2);
  }

  private static void kill(ProcessHandle process) throws Exception {
    process.destroyForcibly();
    process.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void aSignalEndsSamplingInOneLine() throws Exception {
    Path output = folder.resolve("samples");
    startDriver(output);
    awaitFiles(output, FILES / 10);

    driver.destroy();

    assertThat(driver.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(driver.exitValue()).as(() -> log()).isEqualTo(TERMINATED);
    assertThat(log().lines())
        .contains("interrupted by SIGTERM: the same command draws what is missing.")
        .noneMatch(line -> line.startsWith("error:"));
    assertThat(files(output)).hasSizeLessThan(FILES);

    sample(output, "sampling.shard-size=" + FILE_IMAGES);

    assertUndisturbed(output);
    assertThat(unfinished(output)).isEmpty();
  }

  @Test
  void afterAKilledDriverTheRestIsDone() throws Exception {
    Path output = folder.resolve("samples");
    startDriver(output);
    awaitFiles(output, FILES / 5);
    List<ProcessHandle> executors = executors();
    driver.destroyForcibly();
    assertThat(driver.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    for (ProcessHandle executor : executors) {
      kill(executor);
    }
    assertThat(driver.exitValue()).isEqualTo(KILLED);
    Map<String, String> before = files(output);
    assertThat(before).hasSizeBetween(FILES / 5, FILES - 1);
    assertThat(manifest(output).get("complete").asBoolean()).isFalse();

    SampleJob.Result rest = sample(output, "sampling.shard-size=" + FILE_IMAGES);

    assertThat(rest.drawn()).isEqualTo(COUNT - (long) FILE_IMAGES * before.size());
    assertThat(files(output)).containsAllEntriesOf(before);
    assertUndisturbed(output);
    assertThat(unfinished(output)).isEmpty();
    String application = SPARK.session().sparkContext().applicationId();
    for (JsonNode shard : manifest(output).get("shards")) {
      String name = shard.get("file").asText().substring("images/".length());
      assertThat(shard.get("application").asText().equals(application))
          .as(name)
          .isEqualTo(!before.containsKey(name));
    }
  }
}
