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
 * @param backend back end, natives and kernels of the tensor library, in one line
 */
record RuntimeReport(
    String process, String host, String java, String jar, String ompThreads, String backend)
    implements Serializable {

  /** Describes this JVM; {@code backend} is what its tensor library says of itself. */
  static RuntimeReport ofThisJvm(String backend) {
    return new RuntimeReport(
        SparkEnv.get().executorId(),
        ThisHost.name(),
        Runtime.version().toString(),
        thisJar(),
        Optional.ofNullable(System.getenv("OMP_NUM_THREADS")).orElse("unset"),
        backend);
  }

  private static String thisJar() {
    try {
      return JarFingerprint.of(
          Path.of(RuntimeReport.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
    } catch (IOException | URISyntaxException unreadable) {
      throw DdpmException.environment(unreadable, "The job jar cannot be read: %s.", unreadable);
    }
  }

  /** What is the same on every JVM of a healthy job. */
  String setup() {
    return String.format("Java %s, jar %s, OMP_NUM_THREADS %s, %s", java, jar, ompThreads, backend);
  }
}
