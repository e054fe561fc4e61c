package dev.ddpm.spark.deploy;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Spark's standalone master and two workers of two cores, as processes. */
final class StandaloneCluster implements AutoCloseable {
  private final List<Process> processes = new ArrayList<>();
  private final Path folder;
  private final int port;
  private final int webPort;

  private StandaloneCluster(Path folder, int port, int webPort) {
    this.folder = folder;
    this.port = port;
    this.webPort = webPort;
  }

  /** Starts the cluster and waits until both workers have registered. */
  static StandaloneCluster start(Path folder) throws IOException {
    var cluster = new StandaloneCluster(folder, FreePort.find(), FreePort.find());
    cluster.run(
        "master",
        "org.apache.spark.deploy.master.Master",
        "--port",
        Integer.toString(cluster.port),
        "--webui-port",
        Integer.toString(cluster.webPort));
    for (String name : List.of("worker-1", "worker-2")) {
      Path work = Files.createDirectories(folder.resolve(name));
      cluster.run(
          name,
          "org.apache.spark.deploy.worker.Worker",
          "--cores",
          "2",
          "--memory",
          "4g",
          "--webui-port",
          "0",
          "-d",
          work.toString(),
          cluster.master());
    }
    await("two workers are alive")
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .until(() -> cluster.state().get("aliveworkers").asInt() == 2);
    return cluster;
  }

  String master() {
    return "spark://127.0.0.1:" + port;
  }

  /** What the master says of itself: workers, applications and drivers. */
  JsonNode state() throws IOException {
    return new JsonMapper().readTree(URI.create("http://127.0.0.1:" + webPort + "/json/").toURL());
  }

  private void run(String name, String mainClass, String... arguments) throws IOException {
    Path spark = Submission.PROJECT.resolve("spark-job/target/spark");
    List<String> command = new ArrayList<>();
    command.add(Submission.PROJECT.resolve("submit-scripts/bin/spark-class").toString());
    command.addAll(List.of(mainClass, "--host", "127.0.0.1"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile());
    builder.environment().put("SPARK_HOME", spark.toString());
    builder.environment().put("SPARK_NO_DAEMONIZE", "1");
    builder.environment().put("SPARK_DAEMON_MEMORY", "256m");
    processes.add(builder.start());
  }

  @Override
  public void close() {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}
