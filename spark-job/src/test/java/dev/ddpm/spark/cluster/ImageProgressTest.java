package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.Success$;
import org.apache.spark.TaskEndReason;
import org.apache.spark.executor.ExecutorMetrics;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.junit.jupiter.api.Test;
import scala.Option;
import scala.Tuple4;
import scala.collection.JavaConverters;

/** 100 images of 10 steps, on a clock that the test turns. */
class ImageProgressTest {
  private final StringWriter text = new StringWriter();
  private long seconds;
  private final ImageProgress progress =
      new ImageProgress(
          "sampling",
          "image steps",
          100,
          10,
          new PrintWriter(text, true),
          () -> seconds * 1_000_000_000L);

  private static TaskInfo task(long id, String executor) {
    return new TaskInfo(id, 0, 0, 0, 0, executor, "host", TaskLocality.PROCESS_LOCAL(), false);
  }

  private static AccumulableInfo steps(long count) {
    return new AccumulableInfo(
        1,
        Option.apply("image steps"),
        Option.apply(count),
        Option.empty(),
        false,
        false,
        Option.empty());
  }

  private void starts(long id, String executor) {
    progress.onTaskStart(new SparkListenerTaskStart(0, 0, task(id, executor)));
  }

  private void reports(long id, String executor, long count) {
    var accumulables = JavaConverters.asScalaBuffer(List.of(steps(count))).toSeq();
    progress.onExecutorMetricsUpdate(
        new SparkListenerExecutorMetricsUpdate(
            executor,
            JavaConverters.asScalaBuffer(
                    List.of(
                        new Tuple4<Object, Object, Object, scala.collection.Seq<AccumulableInfo>>(
                            id, 0, 0, accumulables)))
                .toSeq(),
            new scala.collection.mutable.HashMap<>()));
  }

  private void ends(long id, String executor, TaskEndReason reason) {
    progress.onTaskEnd(
        new SparkListenerTaskEnd(
            0,
            0,
            "ResultTask",
            reason,
            task(id, executor),
            new ExecutorMetrics(),
            TaskMetrics.empty()));
  }

  private String lastLine() {
    return text.toString().lines().reduce("", (before, line) -> line);
  }

  @Test
  void tellsShareRateAndTimeLeft() {
    starts(1, "0");
    seconds = 10;
    reports(1, "0", 250);

    assertThat(lastLine()).isEqualTo("sampling 25 % · 25 of 100 images · 2.5 images/s · ETA 30s");
  }

  @Test
  void tellsTheRateOfEachExecutorSinceTheLineBefore() {
    starts(1, "0");
    starts(2, "1");
    seconds = 1;
    reports(1, "0", 100);
    seconds = 10;
    reports(2, "1", 200);
    assertThat(lastLine()).endsWith(" · executor 0: 1.0/s, 1: 2.0/s");

    seconds = 20;
    reports(2, "1", 300);
    assertThat(lastLine()).endsWith(" · executor 0: 0.0/s, 1: 1.0/s");
  }

  @Test
  void namesAnExecutorThatTakesNoStep() {
    starts(1, "0");
    starts(2, "1");
    seconds = 59;
    reports(1, "0", 100);
    assertThat(lastLine()).doesNotContain("no step");

    seconds = 75;
    reports(1, "0", 120);
    assertThat(lastLine()).endsWith(" · executor 1 has taken no step for 1m 15s");
  }

  @Test
  void theStepsOfAFailedTaskDoNotCount() {
    starts(1, "0");
    seconds = 5;
    reports(1, "0", 500);
    ends(
        1,
        "0",
        new ExceptionFailure(
            new IllegalStateException("lost"), new scala.collection.mutable.ArrayBuffer<>()));
    starts(2, "0");
    seconds = 10;
    reports(2, "0", 100);

    assertThat(lastLine()).startsWith("sampling 10 % · 10 of 100 images");
    assertThat(progress.failedTasks()).isEqualTo(1);
  }

  @Test
  void aFinishedTaskIsNotStuck() {
    starts(1, "0");
    seconds = 5;
    reports(1, "0", 500);
    ends(1, "0", Success$.MODULE$);
    starts(2, "1");
    seconds = 100;
    reports(2, "1", 100);

    assertThat(lastLine()).startsWith("sampling 60 %").doesNotContain("no step");
  }
}
