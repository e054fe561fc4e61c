package dev.ddpm.spark.train.dl4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A driver in a process of its own that trains for many rounds and prints, round by round, the
 * resident megabytes of itself and of its executors.
 */
public final class LongRun {
  private static final long PAGE = 4096;

  private LongRun() {}

  /**
   * Trains.
   *
   * @param arguments number of rounds
   */
  public static void main(String[] arguments) {
    int rounds = Integer.parseInt(arguments[0]);
    SparkConf conf =
        new SparkConf()
            .setMaster("local-cluster[2,1,1024]")
            .setAppName("long run")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1");
    TinyTraining.executorSettings().forEach(conf::set);
    // With all of the heap resident from the start, what grows is outside of it.
    conf.set(
        "spark.executor.extraJavaOptions",
        conf.get("spark.executor.extraJavaOptions") + " -Xms512m -XX:+AlwaysPreTouch");
    int[] done = {0};
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      TinyTraining.train(
          spark,
          TinyTraining.PLAN,
          rounds,
          List.of(),
          round -> {
            System.out.println("RSS " + ++done[0] + " " + megabytes());
            return done[0] < rounds;
          });
    }
  }

  private static String megabytes() {
    return Stream.concat(Stream.of(ProcessHandle.current()), ProcessHandle.current().children())
        .map(process -> Long.toString(resident(process.pid()) >> 20))
        .collect(Collectors.joining(" "));
  }

  private static long resident(long pid) {
    try {
      return PAGE
          * Long.parseLong(Files.readString(Path.of("/proc/" + pid + "/statm")).split(" ", -1)[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
