package dev.ddpm.spark.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;

/** How much is logged: {@code conf/log4j2.properties} keeps everything but this program quiet. */
final class Verbosity {
  private Verbosity() {}

  /**
   * Lets nobody but this program print to the standard error any more, unless everything is shown.
   * Spark's threads find that it has been stopped, and tell it in traces, some without a logger.
   */
  static void silence() {
    if (!LogManager.getRootLogger().isInfoEnabled()) {
      Configurator.setAllLevels("", Level.OFF);
      System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    }
  }

  /** Logs everything from INFO on, Spark's lines included. */
  static void showEverything() {
    Configurator.setAllLevels("", Level.INFO);
  }
}
