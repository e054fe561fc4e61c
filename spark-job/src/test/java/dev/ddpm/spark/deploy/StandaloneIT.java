package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three jobs on a standalone cluster of three processes, submitted by {@code standalone.sh}.
 */
@EnabledOnOs(OS.LINUX)
class StandaloneIT {
  private static final Configuration LOCAL_FILES = new Configuration();

  @TempDir Path folder;

  @Test
  void aDriverThatIsKilledIsRunAgainAndGoesOn() throws Exception {
    var jobs = new TinyApplications(LocalOutcome.inputIn(folder).toString(), folder.toString());
    try (var cluster = StandaloneCluster.start(folder)) {
      submit(cluster, "client", jobs.ingest()).succeeds();
      Submission training = submit(cluster, "cluster", jobs.train(), "--supervise");
      // the newest may be half written
      training.until(
          "a checkpoint to go on from", () -> Outcome.checkpoints(jobs.base(), LOCAL_FILES) > 1);
      List<ProcessHandle> drivers =
          JavaProcesses.running("org.apache.spark.deploy.worker.DriverWrapper");
      assertThat(drivers).hasSize(1);
      drivers.get(0).destroyForcibly();
      training.succeeds();
      assertThat(driverOutput()).containsPattern("Going on after round [1-5] of 6");
      String jar = Submission.PROJECT + "/spark-job/target/ddpm-spark.jar";
      List<Path> copies = copiesOfTheJar();
      submit(cluster, "client", jobs.sample(), "--jar", "local:" + jar).succeeds();
      assertThat(copiesOfTheJar()).as("none for sampling").isEqualTo(copies).isNotEmpty();
    }
    assertThat(Outcome.of(jobs.base(), LOCAL_FILES)).isEqualTo(LocalOutcome.get());
  }

  /** Executors that are lost at the end are no news. */
  @Test
  void aClusterInTheDriverEndsWithoutAWord() throws Exception {
    var jobs = new TinyApplications(LocalOutcome.inputIn(folder).toString(), folder.toString());
    List<String> words =
        new ArrayList<>(List.of("--master", "local-cluster[2,1,1536]", "--memory", "512m"));
    words.addAll(List.of("--native-memory", "1g"));
    words.addAll(jobs.ingest());
    Submission ingest =
        Submission.start(folder.resolve("ingest.log"), Map.of(), "standalone.sh", words);
    ingest.succeeds();

    // Where it takes long, lines of progress tell how fast each executor is.
    List<String> told =
        ingest.output().lines().filter(line -> !line.startsWith("decoding ")).toList();
    assertThat(String.join("\n", told))
        .contains("images of")
        .doesNotContainIgnoringCase("executor");
  }

  private Submission submit(
      StandaloneCluster cluster, String deployMode, List<String> job, String... options)
      throws IOException {
    List<String> words = new ArrayList<>(List.of("--master", cluster.master()));
    words.addAll(List.of("--deploy-mode", deployMode, "--executor-cores", "1"));
    words.addAll(List.of("--memory", "512m", "--native-memory", "1g"));
    words.addAll(List.of("--conf", "spark.cores.max=2"));
    words.addAll(List.of(options));
    words.addAll(job);
    return Submission.start(folder.resolve(job.get(0) + ".log"), Map.of(), "standalone.sh", words);
  }

  /** Those in the folders of executors. */
  private List<Path> copiesOfTheJar() throws IOException {
    try (var files = Files.walk(folder)) {
      return files
          .filter(path -> path.endsWith("ddpm-spark.jar") && path.toString().contains("/app-"))
          .sorted()
          .toList();
    }
  }

  /** Standard output of every driver that a worker has run. */
  private String driverOutput() throws IOException {
    var text = new StringBuilder();
    try (var files = Files.walk(folder)) {
      for (Path file :
          files
              .filter(path -> path.endsWith("stdout") && path.toString().contains("/driver-"))
              .toList()) {
        text.append(Files.readString(file));
      }
    }
    return text.toString();
  }
}
