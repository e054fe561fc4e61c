package dev.ddpm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.Precision;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process that times its own first seconds: {@code NETWORK WORK WORKERS SECONDS}, where SECONDS
 * are those of the end, with which the first are compared. Workers are those of {@link Steps}.
 */
public final class ColdSteps {
  /** The beginning that is compared with the end. */
  static final int FIRST_SECONDS = 15;

  /** Of a solver, as 20 are usual. */
  static final int IMAGE_STEPS = 20;

  /** Those of a worker between two averagings, in the configurations that come with the project. */
  static final int ROUND_STEPS = 16;

  /**
   * Images of a step: the micro-batch of a sampling job, and the minibatch of those configurations.
   */
  private static final int BATCH = 16;

  /** Until the end begins, from the start of the workers on. */
  private static final int SETTLED_SECONDS = 25;

  private ColdSteps() {}

  /** What one worker did: when its network was ready, and when each of its steps ended. */
  private static final class Times {
    final long ready;
    final long[] ends;

    Times(long ready, long[] ends) {
      this.ready = ready;
      this.ends = ends;
    }
  }

  public static void main(String[] args) throws Exception {
    Network network = Network.valueOf(args[0]);
    Work work = Work.valueOf(args[1]);
    int workers = Integer.parseInt(args[2]);
    long whole = Math.round((SETTLED_SECONDS + Double.parseDouble(args[3])) * 1e9);
    double toWorkers =
        (System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1e3;
    long start = System.nanoTime();
    ExecutorService pool = Executors.newFixedThreadPool(workers);
    List<Future<Times>> running = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      int number = worker;
      running.add(pool.submit(() -> run(work, network, number, start, whole)));
    }
    List<Times> times = new ArrayList<>();
    for (Future<Times> one : running) {
      times.add(one.get());
    }
    pool.shutdown();
    System.out.println(new ObjectMapper().writeValueAsString(measurement(toWorkers, times)));
  }

  /**
   * Works for some time, and at least for two rounds. All times are nanoseconds since the start.
   */
  private static Times run(Work work, Network network, int worker, long start, long whole) {
    Runnable step = work.prepare(network, BATCH, Precision.FLOAT32, worker);
    long ready = System.nanoTime() - start;
    long[] ends = new long[1024];
    int count = 0;
    while (count < 2 * Math.max(ROUND_STEPS, IMAGE_STEPS) || ends[count - 1] < whole) {
      if (count == ends.length) {
        ends = Arrays.copyOf(ends, 2 * count);
      }
      step.run();
      ends[count++] = System.nanoTime() - start;
    }
    return new Times(ready, Arrays.copyOf(ends, count));
  }

  private static ColdMeasurement measurement(double toWorkers, List<Times> workers) {
    double firstStep = 0;
    double firstImage = Double.POSITIVE_INFINITY;
    double firstRound = 0;
    double round = 0;
    double imagesAtFirst = 0;
    double rate = 0;
    for (Times times : workers) {
      long[] ends = times.ends;
      double step = settledStep(ends);
      firstStep = Math.max(firstStep, ends[0] / 1e9);
      firstImage = Math.min(firstImage, ends[IMAGE_STEPS - 1] / 1e9);
      firstRound = Math.max(firstRound, (ends[ROUND_STEPS - 1] - times.ready) / 1e9);
      round = Math.max(round, ROUND_STEPS * step);
      imagesAtFirst += BATCH * stepsUntil(FIRST_SECONDS * 1e9, ends);
      rate += BATCH / step;
    }
    return new ColdMeasurement(
        toWorkers, firstStep, firstImage, firstRound, round, imagesAtFirst, rate);
  }

  /** Median seconds of the steps of the end: those after the settling time, or the later half. */
  private static double settledStep(long[] ends) {
    int from = ends.length / 2;
    while (from > 1 && ends[from - 1] > SETTLED_SECONDS * 1e9) {
      from--;
    }
    while (from < ends.length - ROUND_STEPS && ends[from] < SETTLED_SECONDS * 1e9) {
      from++;
    }
    long[] steps = new long[ends.length - from];
    for (int i = from; i < ends.length; i++) {
      steps[i - from] = ends[i] - ends[i - 1];
    }
    return Stopwatch.median(steps) / 1e9;
  }

  /** Steps that had ended by some time, with the part of the next one that had passed. */
  private static double stepsUntil(double time, long[] ends) {
    int count = 0;
    while (count < ends.length && ends[count] <= time) {
      count++;
    }
    if (count == 0 || count == ends.length) {
      return count;
    }
    return count + (time - ends[count - 1]) / (ends[count] - ends[count - 1]);
  }
}
