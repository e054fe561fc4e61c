package dev.ddpm.spark.deploy;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapVolumeSource;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A kubelet without an engine: every pod becomes a process that runs the image's own entrypoint,
 * with the files and the environment that the pod asks for. All pods have the address 127.0.0.1.
 */
final class ProcessKubelet implements AutoCloseable {
  private static final String ADDRESS = "127.0.0.1";

  /** The name of a service, which no DNS resolves here. */
  private static final String SERVICE = "[a-z0-9-]+\\.default\\.svc";

  private final KubernetesClient client;
  private final Path folder;
  private final Path spark;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Process> running = new ConcurrentHashMap<>();
  private final Map<String, Pod> created = new ConcurrentHashMap<>();
  private final Watch watch;

  /**
   * Begins to run pods.
   *
   * @param folder receives a folder per pod with its files and its log
   */
  ProcessKubelet(KubernetesClient client, Path folder) throws IOException {
    this.client = client;
    this.folder = Files.createDirectories(folder);
    this.spark = Files.createDirectories(folder.resolve("opt-spark"));
    // As the Dockerfile lays them out.
    Path project = Submission.PROJECT;
    Files.createSymbolicLink(spark.resolve("jars"), project.resolve("spark-job/target/spark/jars"));
    Files.createSymbolicLink(spark.resolve("bin"), project.resolve("submit-scripts/bin"));
    this.watch = client.pods().inAnyNamespace().watch(new Pods());
  }

  /** Every pod there has been, as it was created. */
  Map<String, Pod> pods() {
    return new TreeMap<>(created);
  }

  /** What a pod has printed. */
  String log(String pod) throws IOException {
    return Files.readString(folder.resolve(pod).resolve("log"));
  }

  private final class Pods implements Watcher<Pod> {
    @Override
    public void eventReceived(Action action, Pod pod) {
      String name = pod.getMetadata().getName();
      if (action == Action.ADDED) {
        created.put(name, pod);
        threads.execute(() -> run(pod));
      } else if (action == Action.DELETED && running.containsKey(name)) {
        end(running.get(name));
      }
    }

    @Override
    public void onClose(WatcherException cause) {
      // The test is over, or its next wait says what is missing.
    }
  }

  private void run(Pod pod) {
    String name = pod.getMetadata().getName();
    try {
      Process process = start(pod);
      running.put(name, process);
      report(pod, "Running", null);
      int code = process.waitFor();
      report(pod, code == 0 ? "Succeeded" : "Failed", code);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private Process start(Pod pod) throws IOException {
    Container container = pod.getSpec().getContainers().get(0);
    Path home = Files.createDirectories(folder.resolve(pod.getMetadata().getName()));
    Map<String, String> mounts = new TreeMap<>();
    for (VolumeMount mount : container.getVolumeMounts()) {
      mounts.put(mount.getMountPath(), home.resolve(mount.getName()).toString());
    }
    for (Volume volume : pod.getSpec().getVolumes()) {
      Path directory = Files.createDirectories(home.resolve(volume.getName()));
      if (volume.getConfigMap() != null) {
        write(directory, volume.getConfigMap(), configMap(pod, volume.getConfigMap()), mounts);
      }
    }
    List<String> command = new ArrayList<>();
    command.add(Submission.PROJECT.resolve("image/entrypoint.sh").toString());
    container.getArgs().forEach(argument -> command.add(inside(argument, mounts)));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(home.resolve("log").toFile());
    builder.environment().put("SPARK_HOME", spark.toString());
    for (EnvVar variable : container.getEnv()) {
      builder.environment().put(variable.getName(), inside(value(pod, variable), mounts));
    }
    return builder.start();
  }

  /** Spark creates the config maps of a pod after it. */
  private ConfigMap configMap(Pod pod, ConfigMapVolumeSource source) {
    return await("config map " + source.getName())
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                client
                    .configMaps()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(source.getName())
                    .get(),
            Objects::nonNull);
  }

  /** Every entry as a file of its name, or of the path that the volume gives it. */
  private static void write(
      Path directory, ConfigMapVolumeSource source, ConfigMap map, Map<String, String> mounts)
      throws IOException {
    Map<String, String> paths = new TreeMap<>();
    source.getItems().forEach(item -> paths.put(item.getKey(), item.getPath()));
    for (Map.Entry<String, String> file : map.getData().entrySet()) {
      String path = paths.getOrDefault(file.getKey(), file.getKey());
      Files.writeString(directory.resolve(path), inside(file.getValue(), mounts));
    }
  }

  private static String value(Pod pod, EnvVar variable) {
    if (variable.getValueFrom() == null || variable.getValueFrom().getFieldRef() == null) {
      return Objects.requireNonNullElse(variable.getValue(), "");
    }
    String field = variable.getValueFrom().getFieldRef().getFieldPath();
    return field.equals("metadata.name") ? pod.getMetadata().getName() : ADDRESS;
  }

  /** Text with mounted paths and names of services as they are here. */
  private static String inside(String text, Map<String, String> mounts) {
    String result = text.replaceAll(SERVICE, ADDRESS);
    for (Map.Entry<String, String> mount : mounts.entrySet()) {
      result = result.replace(mount.getKey(), mount.getValue());
    }
    return result;
  }

  private void report(Pod pod, String phase, Integer exitCode) {
    var status =
        new ContainerStatusBuilder()
            .withName(pod.getSpec().getContainers().get(0).getName())
            .withReady(exitCode == null);
    if (exitCode == null) {
      status.withNewState().withNewRunning().endRunning().endState();
    } else {
      status.withNewState().withNewTerminated().withExitCode(exitCode).endTerminated().endState();
    }
    var resource =
        client
            .pods()
            .inNamespace(pod.getMetadata().getNamespace())
            .withName(pod.getMetadata().getName());
    if (resource.get() != null) {
      resource.editStatus(
          current ->
              new PodBuilder(current)
                  .editOrNewStatus()
                  .withPhase(phase)
                  .withPodIP(ADDRESS)
                  .withContainerStatuses(status.build())
                  .endStatus()
                  .build());
    }
  }

  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  @Override
  public void close() {
    watch.close();
    running.values().forEach(ProcessKubelet::end);
    threads.shutdownNow();
  }
}
