package dev.ddpm.spark;

import dev.ddpm.spark.cli.Ddpm;
import dev.ddpm.spark.cli.Interruption;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.SparkSession;

/**
 * The entry point of the job jar. It stands by itself because submissions outside of this project
 * (scripts, Kubernetes manifests) name it: the command line behind it may move.
 */
public final class Main {
  private Main() {}

  /** Runs a sub-command and ends the process with its exit code. */
  public static void main(String[] args) {
    var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    Interruption interruption = Interruption.bySignals(err);
    int exitCode =
        interruption.commandEnded(
            Ddpm.run(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                err,
                interruption,
                args));
    // A driver on YARN that calls System.exit counts as failed, whatever the code.
    if (exitCode != 0) {
      System.exit(exitCode);
    }
    stopSpark();
  }

  /**
   * Left to the shutdown hook, executors are lost before the cluster knows that none are wanted.
   */
  private static void stopSpark() {
    if (SparkSession.getDefaultSession().isDefined()) {
      SparkSession.active().stop();
    }
  }
}
