package dev.ddpm.spark.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
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
  private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");

  /** To give a lease back takes milliseconds, and a file system that hangs is not waited for. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  private final PrintWriter err;
  private final CountDownLatch commandEnded = new CountDownLatch(1);
  private volatile Optional<String> goingOn = Optional.empty();
  private volatile boolean underWay;

  private Interruption(PrintWriter err) {
    this.err = err;
  }

  /** One that never comes: signals do to this JVM what they did before. */
  static Interruption never() {
    return new Interruption(new PrintWriter(PrintWriter.nullWriter()));
  }

  /**
   * Takes the signals of this JVM, but for those that whoever started it has it ignore.
   *
   * @param err receives the line
   */
  public static Interruption bySignals(PrintWriter err) {
    var interruption = new Interruption(err);
    for (String signal : SIGNALS) {
      Function0<Object> action =
          () -> {
            interruption.begin("SIG" + signal);
            return false; // and now what the JVM does by itself: it exits
          };
      SignalUtils.register(signal, action);
    }
    return interruption;
  }

  /** What the user can do about it, as the command knows: a sentence without its full stop. */
  void canGoOn(Optional<String> how) {
    goingOn = how;
  }

  /** Whether there was one: a failure that follows is none. */
  boolean isUnderWay() {
    return underWay;
  }

  /** The command has returned: there is nothing to wait for. */
  public void commandEnded() {
    commandEnded.countDown();
  }

  private synchronized void begin(String signal) {
    underWay = true;
    err.println("interrupted by " + signal + goingOn.map(how -> ": " + how).orElse("") + ".");
    Verbosity.silence();
    if (SparkSession.getDefaultSession().isDefined()) {
      SparkSession.getDefaultSession().get().stop();
      awaitCommand();
    }
  }

  private void awaitCommand() {
    try {
      if (!commandEnded.await(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        err.println("The command does not end by itself; ending without it.");
      }
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }
}
