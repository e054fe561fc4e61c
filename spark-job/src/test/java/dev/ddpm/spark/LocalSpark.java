package dev.ddpm.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Spark in this JVM, with the serializer that the jobs run with. A JVM can have one Spark context
 * at a time and starting one is slow, so that all test classes share it for as long as they ask for
 * the same master and settings. Each class has an SQL session of its own, which is also the one
 * that commands find.
 */
public final class LocalSpark implements BeforeAllCallback {
  private static final String MASTER = "local[2]";

  private SharedContext context;
  private SparkSession session;

  @Override
  public void beforeAll(ExtensionContext test) {
    context =
        test.getRoot()
            .getStore(Namespace.create(LocalSpark.class))
            .getOrComputeIfAbsent(SharedContext.class);
    session();
  }

  /** A session with two task slots. */
  public SparkSession session() {
    return session(MASTER, Map.of());
  }

  /** A session on another master or with further settings; earlier sessions may end by this. */
  public SparkSession session(String master, Map<String, String> settings) {
    SparkSession shared = context.with(master, settings);
    if (session == null || session.sparkContext() != shared.sparkContext()) {
      session = shared.newSession();
    }
    SparkSession.setActiveSession(session);
    SparkSession.setDefaultSession(session);
    return session;
  }

  /** What the tests run with; Surefire hides it behind a jar. */
  public static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /**
   * Settings of executors in processes of their own, beside the master "local-cluster[...]".
   *
   * @param options further ones of their JVMs
   */
  public static Map<String, String> executorSettings(String options) {
    return Map.of(
        "spark.executor.memory",
        "512m",
        "spark.executor.extraClassPath",
        classPath(),
        "spark.executor.extraJavaOptions",
        "--add-modules=jdk.incubator.vector -Dorg.bytedeco.javacpp.maxphysicalbytes=3g " + options,
        "spark.executorEnv.OMP_NUM_THREADS",
        "1",
        "spark.executorEnv.SPARK_SCALA_VERSION",
        "2.12");
  }

  /**
   * Settings of one executor whose tasks get one GPU each, beside those of executors.
   *
   * @param folder for the script that discovers them
   * @param addresses of the GPUs, as many as the executor has cores
   */
  public static Map<String, String> gpuSettings(Path folder, String... addresses)
      throws IOException {
    String list = "[\"%s\"]".formatted(String.join("\", \"", addresses));
    Path script =
        Files.writeString(
            folder.resolve("discover"),
            "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": %s}'\n".formatted(list));
    if (!script.toFile().setExecutable(true)) {
      throw new IOException(script + " cannot be made executable");
    }
    String count = Integer.toString(addresses.length);
    return Map.of(
        "spark.worker.resource.gpu.amount",
        count,
        "spark.worker.resource.gpu.discoveryScript",
        script.toString(),
        "spark.executor.resource.gpu.amount",
        count,
        "spark.task.resource.gpu.amount",
        "1");
  }

  /** The context of a session on a master. */
  public JavaSparkContext context(String master) {
    return JavaSparkContext.fromSparkContext(session(master, Map.of()).sparkContext());
  }

  private static final class SharedContext implements AutoCloseable {
    private Map<String, String> settings = Map.of();
    private SparkSession session;

    SparkSession with(String master, Map<String, String> further) {
      Map<String, String> wanted = new HashMap<>(further);
      wanted.put("spark.master", master);
      if (session == null || session.sparkContext().isStopped() || !settings.equals(wanted)) {
        close();
        session = start(wanted);
        settings = wanted;
      }
      return session;
    }

    private static SparkSession start(Map<String, String> settings) {
      SparkConf conf =
          new SparkConf()
              .setAppName("tests")
              .set("spark.ui.enabled", "false")
              .set("spark.driver.host", "127.0.0.1")
              .set("spark.driver.bindAddress", "127.0.0.1")
              .set("spark.sql.shuffle.partitions", "2")
              .set("spark.serializer", "org.apache.spark.serializer.JavaSerializer");
      settings.forEach(conf::set);
      return SparkSession.builder().config(conf).getOrCreate();
    }

    @Override
    public void close() {
      if (session != null) {
        session.stop();
        SparkSession.clearActiveSession();
        SparkSession.clearDefaultSession();
      }
    }
  }
}
