package dev.ddpm.spark.deploy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * HDFS with one data node and YARN with one node manager in this JVM. Containers are processes of
 * their own, as on any cluster.
 */
final class HadoopCluster implements AutoCloseable {
  private static final String QUEUE = "yarn.scheduler.capacity.root.default.";

  /** What capacity-scheduler.xml and yarn-site.xml of a cluster say. */
  private static final Map<String, String> YARN =
      Map.ofEntries(
          Map.entry("yarn.scheduler.capacity.root.queues", "default"),
          Map.entry(QUEUE + "capacity", "100"),
          Map.entry(QUEUE + "maximum-capacity", "100"),
          Map.entry(QUEUE + "user-limit-factor", "1"),
          Map.entry(QUEUE + "state", "RUNNING"),
          Map.entry(QUEUE + "acl_submit_applications", "*"),
          Map.entry(QUEUE + "acl_administer_queue", "*"),
          Map.entry("yarn.scheduler.capacity.maximum-am-resource-percent", "1.0"),
          Map.entry("yarn.scheduler.capacity.node-locality-delay", "-1"),
          Map.entry("yarn.nodemanager.disk-health-checker.enable", "false"),
          Map.entry("yarn.nodemanager.vmem-check-enabled", "false"),
          Map.entry("yarn.nodemanager.pmem-check-enabled", "false"),
          Map.entry("yarn.minicluster.yarn.nodemanager.resource.memory-mb", "8192"),
          Map.entry("yarn.nodemanager.resource.cpu-vcores", "8"),
          Map.entry("yarn.scheduler.minimum-allocation-mb", "128"),
          Map.entry("yarn.resourcemanager.am.max-attempts", "2"),
          Map.entry("yarn.resourcemanager.bind-host", "localhost"),
          Map.entry("yarn.nodemanager.bind-host", "localhost"));

  private final Path folder;
  private final MiniDFSCluster hdfs;
  private final MiniYARNCluster yarn;
  private final YarnClient client = YarnClient.createYarnClient();

  private HadoopCluster(Path folder, MiniDFSCluster hdfs, MiniYARNCluster yarn) {
    this.folder = folder;
    this.hdfs = hdfs;
    this.yarn = yarn;
  }

  /** Starts both and waits until they are ready. */
  static HadoopCluster start(Path folder) throws IOException, InterruptedException, YarnException {
    Configuration configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    MiniDFSCluster hdfs = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    hdfs.waitActive();
    System.setProperty("test.build.data", folder.resolve("yarn").toString());
    var yarn = new MiniYARNCluster("ddpm", 1, 1, 1);
    var cluster = new HadoopCluster(folder, hdfs, yarn);
    YARN.forEach(configuration::set);
    yarn.init(configuration);
    yarn.start();
    if (!yarn.waitForNodeManagersToConnect(60_000)) {
      cluster.close();
      throw new IOException("The node manager has not registered within a minute.");
    }
    cluster.writeConfiguration();
    cluster.client.init(yarn.getConfig());
    cluster.client.start();
    return cluster;
  }

  /** The folder for HADOOP_CONF_DIR. */
  Path configurationFolder() {
    return folder.resolve("hadoop-conf");
  }

  /** The URI of HDFS, without a slash at its end. */
  String hdfs() throws IOException {
    return files().getUri().toString();
  }

  FileSystem files() throws IOException {
    return hdfs.getFileSystem();
  }

  /** The application that was submitted last. */
  ApplicationReport newestApplication() throws IOException, YarnException {
    return client.getApplications().stream()
        .max((one, other) -> one.getApplicationId().compareTo(other.getApplicationId()))
        .orElseThrow();
  }

  /** How often the application master of an application was started. */
  int attempts(ApplicationId application) throws IOException, YarnException {
    return client.getApplicationAttempts(application).size();
  }

  /** What the containers of an application have written to a stream, stdout or stderr. */
  String containerLogs(ApplicationId application, String stream) throws IOException {
    try (var files = Files.walk(logs().resolve(application.toString()))) {
      return files
          .filter(path -> path.endsWith(stream))
          .map(HadoopCluster::read)
          .collect(Collectors.joining("\n"));
    }
  }

  /** The log folder of the one node manager. */
  private Path logs() {
    return Path.of(
        yarn.getNodeManager(0).getConfig().getTrimmedStrings("yarn.nodemanager.log-dirs")[0]);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Addresses of the resource manager count only in yarn-site.xml. */
  private void writeConfiguration() throws IOException {
    Files.createDirectories(configurationFolder());
    Configuration core = new Configuration(false);
    core.set("fs.defaultFS", hdfs());
    Configuration site = new Configuration(false);
    for (Map.Entry<String, String> setting : yarn.getConfig()) {
      String key = setting.getKey();
      if (key.startsWith("yarn.scheduler.m")
          || (key.startsWith("yarn.resourcemanager.") && key.contains("address"))) {
        site.set(key, yarn.getConfig().get(key));
      }
    }
    for (var file : Map.of("core-site.xml", core, "yarn-site.xml", site).entrySet()) {
      try (OutputStream out = Files.newOutputStream(configurationFolder().resolve(file.getKey()))) {
        file.getValue().writeXml(out);
      }
    }
  }

  /** Stopping may hang after failures: it gets a minute, and containers left behind are ended. */
  @Override
  public void close() {
    Thread stopping =
        new Thread(
            () -> {
              client.stop();
              yarn.stop();
              hdfs.shutdown();
            },
            "stopping Hadoop");
    stopping.setDaemon(true);
    stopping.start();
    try {
      stopping.join(Duration.ofMinutes(1).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
  }
}
