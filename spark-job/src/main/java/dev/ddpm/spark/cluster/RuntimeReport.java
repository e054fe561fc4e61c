package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.io.ThisHost;
import java.io.IOException;
import java.io.Serializable;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.spark.SparkEnv;

/**
 * One JVM of a job, as it describes itself.
 *
 * @param process {@code driver} or the executor's id
 * @param host the machine's name
 * @param java the Java version
 * @param jar fingerprint of the job jar
 * @param ompThreads the value of {@code OMP_NUM_THREADS}; "unset" without one
 * @param computing what it computes networks with
 */
record RuntimeReport(
    String process, String host, String java, String jar, String ompThreads, Computing computing)
    implements Serializable {

  /** Describes this JVM. */
  static RuntimeReport ofThisJvm(Computing computing) {
    return new RuntimeReport(
        SparkEnv.get().executorId(),
        ThisHost.name(),
        Runtime.version().toString(),
        thisJar(),
        Optional.ofNullable(System.getenv("OMP_NUM_THREADS")).orElse("unset"),
        computing);
  }

  private static String thisJar() {
    try {
      return JarFingerprint.of(
          Path.of(RuntimeReport.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
    } catch (IOException | URISyntaxException unreadable) {
      throw DdpmException.environment(unreadable, "The job jar cannot be read: %s.", unreadable);
    }
  }

  /** With what other tasks of the JVM have found. */
  RuntimeReport with(RuntimeReport other) {
    return new RuntimeReport(process, host, java, jar, ompThreads, computing.with(other.computing));
  }

  /** As messages name an executor, after its kind. */
  String told() {
    return process + " on " + host;
  }

  /** What is the same on every JVM of a healthy job. */
  String setup() {
    return String.format(
        "Java %s, jar %s, OMP_NUM_THREADS %s, %s", java, jar, ompThreads, computing.backend());
  }
}
