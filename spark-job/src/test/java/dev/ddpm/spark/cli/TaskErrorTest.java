package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.train.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An error that ends a task on this machine is told like any other failure. */
class TaskErrorTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "heap, 'Memory is used up (Java heap space): raise --memory or --native-memory'",
    "stack, 'The stack of a thread is used up (StackOverflowError): --conf"
        + " spark.driver.defaultJavaOptions=-Xss4m makes the driver''s larger, and'"
  })
  void theDriverOutlivesItsTask(String error, String told) throws Exception {
    List<String> options =
        new ArrayList<>(List.of("-Dspark.master=local[2]", "-Dspark.app.name=a"));
    options.addAll(List.of("-Dspark.driver.host=127.0.0.1", "-Xmx512m"));
    options.addAll(localSettings());
    Path out = folder.resolve("out");

    int exitCode = ChildJvm.run(out, 120, options, Job.class, error);

    assertThat(out).content().contains(told);
    assertThat(exitCode).isEqualTo(4);
  }

  private static List<String> localSettings() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("../conf/spark-defaults/local.conf"))) {
      return lines
          .filter(line -> line.startsWith("spark."))
          .map(line -> "-D" + line.replaceFirst(" +", "="))
          .toList();
    }
  }

  /** A driver with a task that ends so. */
  static final class Job {
    private Job() {}

    /** Ends with the exit code of the failure. */
    public static void main(String[] arguments) {
      String error = arguments[0];
      try (var spark = new JavaSparkContext()) {
        spark
            .parallelize(List.of(1), 1)
            .foreach(
                one -> {
                  throw error.equals("heap")
                      ? new OutOfMemoryError("Java heap space")
                      : new StackOverflowError();
                });
      } catch (Exception | Error thrown) {
        Failure failure = Failure.of(thrown);
        System.out.println(failure.message());
        System.exit(failure.category().exitCode());
      }
    }
  }
}
