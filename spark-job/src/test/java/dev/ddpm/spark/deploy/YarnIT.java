package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The three jobs on YARN in cluster mode with all data on HDFS, submitted by {@code yarn.sh}. */
@Tag("clusters")
@EnabledOnOs(OS.LINUX)
class YarnIT {
  private static final String EXECUTOR =
      "org.apache.spark.executor.YarnCoarseGrainedExecutorBackend";
  private static final String APPLICATION_MASTER = "org.apache.spark.deploy.yarn.ApplicationMaster";

  @TempDir Path folder;

  @Test
  void executorAndApplicationMasterAreKilledAndNothingIsLost() throws Exception {
    Path input = LocalOutcome.inputIn(folder);
    try (var cluster = HadoopCluster.start(folder)) {
      var jobs = new TinyApplications(cluster.hdfs() + "/input", cluster.hdfs() + "/base");
      cluster
          .files()
          .copyFromLocalFile(
              new org.apache.hadoop.fs.Path(input.toString()),
              new org.apache.hadoop.fs.Path("/input"));

      submit(cluster, jobs.ingest()).succeeds();
      trainWithKills(cluster, jobs);
      submit(cluster, jobs.sample()).succeeds();

      assertThat(Outcome.of(jobs.base(), cluster.files().getConf())).isEqualTo(LocalOutcome.get());
    }
  }

  private void trainWithKills(HadoopCluster cluster, TinyApplications jobs) throws Exception {
    Submission training = submit(cluster, jobs.train());
    awaitCheckpoints(training, cluster, jobs, 1);
    JavaProcesses.running(EXECUTOR).get(0).destroyForcibly();
    awaitCheckpoints(training, cluster, jobs, 3);
    List<ProcessHandle> masters = JavaProcesses.running(APPLICATION_MASTER);
    assertThat(masters).hasSize(1);
    masters.get(0).destroyForcibly();

    training.succeeds();
    ApplicationId application = cluster.newestApplication().getApplicationId();
    assertThat(cluster.newestApplication().getFinalApplicationStatus())
        .isEqualTo(FinalApplicationStatus.SUCCEEDED);
    assertThat(cluster.attempts(application)).isEqualTo(2);
    assertThat(cluster.containerLogs(application, "stderr")).contains("Lost executor");
    // the third checkpoint may have been half written
    assertThat(cluster.containerLogs(application, "stdout"))
        .containsPattern("Going on after round [2-6] of 6");
  }

  private static void awaitCheckpoints(
      Submission training, HadoopCluster cluster, TinyApplications jobs, int count)
      throws InterruptedException, IOException {
    training.until(
        count + " checkpoint(s)",
        () -> Outcome.checkpoints(jobs.base(), cluster.files().getConf()) >= count);
  }

  private Submission submit(HadoopCluster cluster, List<String> job) throws IOException {
    List<String> words = new ArrayList<>(List.of("--deploy-mode", "cluster"));
    words.addAll(List.of("--executors", "2", "--executor-cores", "1"));
    words.addAll(List.of("--memory", "512m", "--native-memory", "1g"));
    String java = System.getProperty("java.home");
    for (String setting :
        List.of(
            // The embedded Spark lies at the same place on every node of this cluster.
            "spark.yarn.jars=local:" + Submission.PROJECT + "/spark-job/target/spark/jars/*",
            "spark.yarn.appMasterEnv.JAVA_HOME=" + java,
            "spark.executorEnv.JAVA_HOME=" + java)) {
      words.addAll(List.of("--conf", setting));
    }
    words.addAll(job);
    return Submission.start(
        folder.resolve(job.get(0) + ".log"),
        Map.of("HADOOP_CONF_DIR", cluster.configurationFolder().toString()),
        "yarn.sh",
        words);
  }
}
