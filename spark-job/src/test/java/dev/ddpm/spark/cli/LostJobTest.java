package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.train.ChildJvm;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A signal to a command that waits for what Spark, as it stops, has dropped. */
@DisabledOnOs(OS.WINDOWS)
class LostJobTest {
  private static final int SIGTERMS_CODE = 143;

  @TempDir Path folder;

  @Test
  void aCommandThatWaitsForEverIsWokenUpToPutItsThingsInOrder() throws Exception {
    Path out = folder.resolve("out");

    int exitCode = ChildJvm.run(out, 120, List.of(), WaitingCommand.class);

    assertThat(exitCode).isEqualTo(SIGTERMS_CODE);
    assertThat(Files.readAllLines(out))
        .endsWith("interrupted by SIGTERM.", "put in order")
        .noneMatch(line -> line.contains("does not end by itself"));
  }

  /** Waits for ever, and is sent a signal as soon as it does. */
  static final class WaitingCommand {
    private WaitingCommand() {}

    public static void main(String[] arguments) throws Exception {
      Interruption interruption =
          Interruption.bySignals(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
      SparkSession.builder().master("local[1]").config("spark.ui.enabled", "false").getOrCreate();
      new ProcessBuilder("kill", "-TERM", Long.toString(ProcessHandle.current().pid())).start();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        System.out.println("put in order");
      }
      System.exit(interruption.commandEnded(1));
    }
  }
}
