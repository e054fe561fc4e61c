package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.DdpmException;
import dev.ddpm.DdpmException.Category;
import dev.ddpm.spark.LocalSpark;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class FailureTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @Test
  void findsTheSentenceInTheChainOfCauses() {
    DdpmException own = DdpmException.environment("the disk is full.");

    assertThat(Failure.of(new SparkException("job", new RuntimeException("task", own))))
        .isEqualTo(new Failure(Category.ENVIRONMENT, "the disk is full."));
  }

  @Test
  void findsTheSentenceWhereOnlyTextSurvived() {
    String trace =
        "Job aborted due to stage failure: Lost task 0.0 in stage 0.0 (TID 0) (host executor 1): "
            + DdpmException.data("image 7 is truncated.")
            + "\n\tat dev.ddpm.Somewhere.read(Somewhere.java:3)";

    assertThat(Failure.of(new SparkException(trace)))
        .isEqualTo(new Failure(Category.DATA, "image 7 is truncated."));
  }

  @Test
  void findsTheSentenceOfARealTask() {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(SPARK.session().sparkContext());

    assertThat(Failure.of(failureOf(() -> failingJob(spark))))
        .isEqualTo(new Failure(Category.DATA, "image 3 is truncated."));
  }

  private static void failingJob(JavaSparkContext spark) {
    spark
        .parallelize(List.of(1, 2, 3), 1)
        .foreach(
            id -> {
              if (id == 3) {
                throw DdpmException.data("image %d is truncated.", id);
              }
            });
  }

  private static Exception failureOf(Runnable job) {
    try {
      job.run();
    } catch (Exception failure) {
      return failure;
    }
    throw new AssertionError("the job did not fail");
  }

  @Test
  void exceptionsOfOthersAreSortedByTheirType() {
    assertThat(Failure.of(new UncheckedIOException(new IOException("no route\nto host"))))
        .isEqualTo(new Failure(Category.ENVIRONMENT, "IOException: no route"));
    assertThat(Failure.of(new RuntimeException(new FileNotFoundException("/x"))))
        .isEqualTo(new Failure(Category.DATA, "FileNotFoundException: /x"));
    assertThat(Failure.of(new IllegalStateException("impossible")))
        .isEqualTo(
            new Failure(
                Category.INTERNAL,
                "IllegalStateException: impossible (unforeseen; --verbose shows where it was"
                    + " thrown)"));
  }

  @Test
  void aCycleOfCausesEnds() {
    Exception a = new Exception("a");
    Exception b = new Exception("b", a);
    a.initCause(b);

    assertThat(Failure.of(a).category()).isEqualTo(Category.INTERNAL);
  }
}
