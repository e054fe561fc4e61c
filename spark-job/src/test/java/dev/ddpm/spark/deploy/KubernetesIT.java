package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three jobs on Kubernetes, submitted by {@code kubernetes.sh}: a stand-in for the API server,
 * and every pod a process that runs the image's entrypoint. Not covered: the image itself, DNS,
 * access rights, admission, volumes other than folders.
 */
@Tag("clusters")
@EnabledOnOs(OS.LINUX)
class KubernetesIT {
  private static final Configuration LOCAL_FILES = new Configuration();
  private static final String EXECUTOR =
      "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend";

  @TempDir Path folder;

  private KubernetesApi api;
  private KubernetesClient client;
  private ProcessKubelet kubelet;

  @BeforeEach
  void start() throws IOException {
    api = KubernetesApi.start();
    client = api.client();
    kubelet = new ProcessKubelet(client, folder.resolve("pods"));
  }

  @AfterEach
  void stop() {
    kubelet.close();
    client.close();
    api.close();
  }

  @Test
  void anExecutorPodIsKilledAndNothingIsLost() throws Exception {
    var jobs = new TinyApplications(LocalOutcome.inputIn(folder).toString(), folder.toString());

    succeeds(submit(jobs.ingest()));
    Submission training = submit(jobs.train());
    training.until("a checkpoint", () -> Outcome.checkpoints(jobs.base(), LOCAL_FILES) > 0);
    int before = executorPods("train").size();
    JavaProcesses.running(EXECUTOR).get(0).destroyForcibly();
    succeeds(training);
    succeeds(submit(jobs.sample()));

    assertThat(Outcome.of(jobs.base(), LOCAL_FILES)).isEqualTo(LocalOutcome.get());
    assertThat(executorPods("train")).as("one was replaced").hasSizeGreaterThan(before);
    assertThat(driverPods()).hasSize(3);
    assertThat(driverPods()).allSatisfy(pod -> completeByTheTemplate(pod, "driver"));
    assertThat(executorPods("train")).allSatisfy(pod -> completeByTheTemplate(pod, "executor"));
  }

  /** The script's exit code does not tell how the driver ended; the phases of the pods do. */
  private void succeeds(Submission submission) throws Exception {
    submission.succeeds();
    for (Pod pod : driverPods()) {
      var name = pod.getMetadata().getName();
      var now = client.pods().inNamespace(pod.getMetadata().getNamespace()).withName(name).get();
      assertThat(now.getStatus().getPhase()).as(kubelet.log(name)).isEqualTo("Succeeded");
    }
  }

  private static void completeByTheTemplate(Pod pod, String role) {
    assertThat(pod.getMetadata().getLabels())
        .containsEntry("app.kubernetes.io/component", role)
        .containsEntry("spark-role", role);
    assertThat(pod.getSpec().getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSpec().getSecurityContext().getRunAsUser()).isEqualTo(185);
    assertThat(pod.getSpec().getContainers()).hasSize(1);
    Container container = pod.getSpec().getContainers().get(0);
    assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(container.getResources().getRequests())
        .containsKeys("cpu", "memory", "ephemeral-storage");
    assertThat(container.getResources().getRequests().get("memory").toString()).isEqualTo("1536Mi");
    assertThat(container.getEnv())
        .anySatisfy(
            variable -> {
              assertThat(variable.getName()).isEqualTo("OMP_NUM_THREADS");
              assertThat(variable.getValue()).isEqualTo("1");
            });
    // Not by its path: that of the executors' template is one of the driver's folder here.
    assertThat(container.getVolumeMounts())
        .filteredOn(mount -> mount.getName().equals("spark-local-dir-1"))
        .singleElement()
        .satisfies(
            mount ->
                assertThat(container.getEnv())
                    .anySatisfy(
                        variable -> {
                          assertThat(variable.getName()).isEqualTo("SPARK_LOCAL_DIRS");
                          assertThat(variable.getValue()).isEqualTo(mount.getMountPath());
                        }));
  }

  private List<Pod> driverPods() {
    return kubelet.pods().values().stream()
        .filter(pod -> "driver".equals(pod.getMetadata().getLabels().get("spark-role")))
        .toList();
  }

  private List<Pod> executorPods(String job) {
    return kubelet.pods().values().stream()
        .filter(pod -> "executor".equals(pod.getMetadata().getLabels().get("spark-role")))
        .filter(pod -> pod.getMetadata().getName().startsWith("ddpm-" + job))
        .toList();
  }

  private Submission submit(List<String> job) throws IOException {
    Path token = Files.writeString(folder.resolve("token"), "none");
    List<String> words = new ArrayList<>(List.of("--master", "k8s://" + api.url()));
    words.addAll(List.of("--image", "ddpm-spark:test", "--executors", "2"));
    words.addAll(List.of("--executor-cores", "1", "--memory", "512m", "--native-memory", "1g"));
    words.addAll(
        List.of("--jar", "local://" + Submission.PROJECT + "/spark-job/target/ddpm-spark.jar"));
    for (String setting :
        List.of(
            "spark.kubernetes.driver.master=" + api.url(),
            "spark.kubernetes.authenticate.driver.mounted.oauthTokenFile=" + token,
            "spark.kubernetes.report.interval=200ms",
            "spark.kubernetes.executor.apiPollingInterval=5s")) {
      words.addAll(List.of("--conf", setting));
    }
    words.addAll(job);
    return Submission.start(folder.resolve(job.get(0) + ".log"), Map.of(), "kubernetes.sh", words);
  }
}
