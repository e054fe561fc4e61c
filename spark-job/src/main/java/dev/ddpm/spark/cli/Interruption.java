package dev.ddpm.spark.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SignalUtils;
import scala.Function0;

/**
 * What Ctrl-C and the like do to a command: they say so in one line, stop Spark at once, and let
 * the command put its things in order before the JVM ends, with the exit code 128 + the signal's
 * number as always. A second signal does not wait.
 */
public final class Interruption {
  /** By their numbers, which are the same on every Unix. */
  private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

  /** To give a lease back takes milliseconds, and a file system that hangs is not waited for. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  private final PrintWriter err;
  private final Thread command = Thread.currentThread();
  private final CountDownLatch commandEnded = new CountDownLatch(1);
  private volatile Optional<String> goingOn = Optional.empty();
  private volatile OptionalInt exitCode = OptionalInt.empty();

  private Interruption(PrintWriter err) {
    this.err = err;
  }

  /** One that never comes: signals do to this JVM what they did before. */
  static Interruption never() {
    return new Interruption(new PrintWriter(PrintWriter.nullWriter()));
  }

  /**
   * Takes the signals of this JVM, but for those that whoever started it has it ignore. The thread
   * that calls this is the one that runs the command.
   *
   * @param err receives the line
   */
  public static Interruption bySignals(PrintWriter err) {
    var interruption = new Interruption(err);
    SIGNALS.forEach(
        (signal, number) -> {
          Function0<Object> action =
              () -> {
                interruption.begin("SIG" + signal, 128 + number);
                return false; // and now what the JVM does by itself: it exits
              };
          SignalUtils.register(signal, action);
        });
    return interruption;
  }

  /** What the user can do about it, as the command knows: a sentence without its full stop. */
  void canGoOn(Optional<String> how) {
    goingOn = how;
  }

  /** Whether there was one: a failure that follows is none. */
  boolean isUnderWay() {
    return exitCode.isPresent();
  }

  /**
   * The command has returned: there is nothing to wait for.
   *
   * @param commandsCode its exit code
   * @return that of the process, which is the signal's if there was one, whoever exits first
   */
  public int commandEnded(int commandsCode) {
    commandEnded.countDown();
    return exitCode.orElse(commandsCode);
  }

  private synchronized void begin(String signal, int signalsCode) {
    exitCode = OptionalInt.of(signalsCode);
    err.println("interrupted by " + signal + goingOn.map(how -> ": " + how).orElse("") + ".");
    Verbosity.silence();
    if (SparkSession.getDefaultSession().isDefined()) {
      SparkSession.getDefaultSession().get().stop();
      awaitCommand();
    }
  }

  private void awaitCommand() {
    try {
      if (hasCommandEnded()) {
        return;
      }
      // Spark drops a job that it is handed while it stops, and whoever waits for it waits for
      // ever.
      command.interrupt();
      if (!hasCommandEnded()) {
        err.println("The command does not end by itself; ending without it.");
      }
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean hasCommandEnded() throws InterruptedException {
    return commandEnded.await(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
  }
}
