package dev.ddpm.spark.train;

import dev.ddpm.spark.config.ConfigLoader;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** A driver in a process of its own that trains, and may be told to end as by kill -9. */
final class HaltingDriver {
  static final int HALTED = 137;

  private HaltingDriver() {}

  /**
   * Trains.
   *
   * @param arguments table, run folder, and how a line of output begins at which the process ends;
   *     nothing for none
   */
  public static void main(String[] arguments) {
    SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("halting driver")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.hadoop.fs.halting.impl", HaltingFileSystem.class.getName())
            .config(
                "spark.hadoop.fs.AbstractFileSystem.halting.impl",
                HaltingFileSystem.Contract.class.getName())
            .getOrCreate();
    var out =
        new PrintWriter(Writer.nullWriter(), true) {
          @Override
          public void println(String line) {
            System.out.println(line);
            if (arguments.length > 2 && line.startsWith(arguments[2])) {
              Runtime.getRuntime().halt(HALTED);
            }
          }
        };
    List<String> settings = TinyTable.SETTINGS;
    new TrainJob(
            spark,
            ConfigLoader.load(Optional.empty(), settings),
            arguments[0],
            arguments[1],
            Resume.AUTO,
            out)
        .run();
    spark.stop();
  }
}
