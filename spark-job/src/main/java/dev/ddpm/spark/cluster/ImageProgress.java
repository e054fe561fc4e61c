package dev.ddpm.spark.cluster;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.apache.spark.Success$;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import scala.collection.Iterator;

/**
 * Prints how far a job on images is, sampling or evaluating, and how fast each executor works, at
 * most every few seconds: from what finished tasks report, and from what running ones send with
 * their executor's heartbeats. An executor that has tasks but takes no step for a minute is named,
 * also when no event comes in at all.
 */
public final class ImageProgress extends SparkListener implements AutoCloseable {
  private static final double SECONDS_BETWEEN_LINES = 5;
  private static final double SECONDS_TO_STUCK = 60;
  private static final int EXECUTORS_LISTED = 8;

  private final String verb;
  private final String counter;
  private final long images;
  private final int steps;
  private final PrintWriter out;
  private final LongSupplier nanoTime;
  private final long start;
  private final Map<Long, TaskState> tasks = new HashMap<>();
  private final Map<String, ExecutorState> executors = new TreeMap<>();
  private final Timer ticker = new Timer("progress", true);
  private long lastLine;
  private long failedTasks;

  private static final class TaskState {
    final ExecutorState executor;
    long imageSteps;

    TaskState(ExecutorState executor) {
      this.executor = executor;
    }
  }

  private static final class ExecutorState {
    int running;
    long lastAdvance;
    long stepsSinceLine;
  }

  /**
   * Shows progress every five seconds, until it is closed.
   *
   * @param verb what is done to images, such as sampling
   * @param counter name of the accumulator that counts images · steps
   * @param images images to be drawn
   * @param steps steps of each image
   * @param out receives the lines
   */
  public static ImageProgress start(
      String verb, String counter, long images, int steps, PrintWriter out) {
    ImageProgress progress = new ImageProgress(verb, counter, images, steps, out, System::nanoTime);
    long period = Math.round(1000 * SECONDS_BETWEEN_LINES);
    progress.ticker.schedule(
        new TimerTask() {
          @Override
          public void run() {
            progress.print();
          }
        },
        period,
        period);
    return progress;
  }

  /** A display that prints on events only, by a clock of one's choice. */
  ImageProgress(
      String verb, String counter, long images, int steps, PrintWriter out, LongSupplier nanoTime) {
    this.verb = verb;
    this.counter = counter;
    this.images = images;
    this.steps = steps;
    this.out = out;
    this.nanoTime = nanoTime;
    this.start = nanoTime.getAsLong();
    this.lastLine = start;
  }

  /** Tasks that failed and were run again. */
  public synchronized long failedTasks() {
    return failedTasks;
  }

  @Override
  public void close() {
    ticker.cancel();
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart started) {
    ExecutorState executor =
        executors.computeIfAbsent(started.taskInfo().executorId(), unused -> new ExecutorState());
    if (executor.running == 0) {
      executor.lastAdvance = nanoTime.getAsLong();
    }
    executor.running++;
    tasks.put(started.taskInfo().taskId(), new TaskState(executor));
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
    var updates = update.accumUpdates().iterator();
    while (updates.hasNext()) {
      var task = updates.next();
      advance((Long) task._1(), task._4().iterator());
    }
    print();
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    TaskState task = tasks.get(end.taskInfo().taskId());
    if (task == null) {
      return;
    }
    task.executor.running--;
    if (end.reason() == Success$.MODULE$) {
      advance(end.taskInfo().taskId(), end.taskInfo().accumulables().iterator());
    } else {
      tasks.remove(end.taskInfo().taskId());
      if (!(end.reason() instanceof TaskKilled)) {
        failedTasks++;
      }
    }
    print();
  }

  private void advance(long id, Iterator<AccumulableInfo> accumulables) {
    TaskState task = tasks.get(id);
    while (task != null && accumulables.hasNext()) {
      AccumulableInfo info = accumulables.next();
      if (info.name().contains(counter) && info.update().isDefined()) {
        long imageSteps = (Long) info.update().get();
        if (imageSteps > task.imageSteps) {
          task.executor.stepsSinceLine += imageSteps - task.imageSteps;
          task.executor.lastAdvance = nanoTime.getAsLong();
          task.imageSteps = imageSteps;
        }
      }
    }
  }

  private synchronized void print() {
    long now = nanoTime.getAsLong();
    double sinceLine = (now - lastLine) / 1e9;
    List<String> stuck = stuck(now);
    long done = tasks.values().stream().mapToLong(task -> task.imageSteps).sum();
    if (images == 0 || sinceLine < SECONDS_BETWEEN_LINES || (done == 0 && stuck.isEmpty())) {
      return;
    }
    lastLine = now;
    double seconds = (now - start) / 1e9;
    double fraction = Math.min(1, (double) done / (images * steps));
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "%s %.0f %% · %,d of %,d images · %.1f images/s · ETA %s",
            verb,
            100 * fraction,
            Math.round(images * fraction),
            images,
            images * fraction / seconds,
            done == 0 ? "unknown" : Durations.readable(seconds * (1 - fraction) / fraction)));
    line.append(rates(sinceLine));
    stuck.forEach(text -> line.append(" · ").append(text));
    out.println(line);
  }

  private String rates(double sinceLine) {
    Map<String, Double> rates = new TreeMap<>();
    executors.forEach(
        (id, executor) -> {
          if (executor.running > 0 || executor.stepsSinceLine > 0) {
            rates.put(id, (double) executor.stepsSinceLine / steps / sinceLine);
          }
          executor.stepsSinceLine = 0;
        });
    if (rates.size() < 2) {
      return "";
    }
    if (rates.size() <= EXECUTORS_LISTED) {
      List<String> texts = new ArrayList<>();
      rates.forEach((id, rate) -> texts.add(String.format(Locale.ROOT, "%s: %.1f/s", id, rate)));
      return " · executor " + String.join(", ", texts);
    }
    var slowest = rates.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow();
    return String.format(
        Locale.ROOT,
        " · %d executors, the slowest %s: %.1f/s",
        rates.size(),
        slowest.getKey(),
        slowest.getValue());
  }

  private List<String> stuck(long now) {
    List<String> stuck = new ArrayList<>();
    executors.forEach(
        (id, executor) -> {
          double seconds = (now - executor.lastAdvance) / 1e9;
          if (executor.running > 0 && seconds >= SECONDS_TO_STUCK) {
            stuck.add("executor " + id + " has taken no step for " + Durations.readable(seconds));
          }
        });
    return stuck;
  }
}
