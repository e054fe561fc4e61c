package dev.ddpm.spark.cli;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;

/** How much is logged: {@code conf/log4j2.properties} keeps everything but this program quiet. */
final class Verbosity {
  private Verbosity() {}

  /** Logs everything from INFO on, Spark's lines included. */
  static void showEverything() {
    Configurator.setAllLevels("", Level.INFO);
  }
}
