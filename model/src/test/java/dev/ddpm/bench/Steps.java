package dev.ddpm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.Precision;
import dev.ddpm.network.ParameterLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process that times one kind of step: {@code NETWORK WORK PRECISION WORKERS SECONDS}. Every
 * worker is a thread with a model of its own, like the tasks of an executor; {@code
 * OMP_NUM_THREADS} should be 1.
 */
public final class Steps {
  /** Until then the vector kernels are not all compiled. */
  private static final double WARM_UP_SECONDS = 15;

  private Steps() {}

  public static void main(String[] args) throws Exception {
    Network network = Network.valueOf(args[0]);
    Work work = Work.valueOf(args[1]);
    Precision precision = Precision.valueOf(args[2]);
    int workers = Integer.parseInt(args[3]);
    double seconds = Double.parseDouble(args[4]);
    Measurement measurement = measure(network, work, precision, workers, seconds);
    System.out.println(new ObjectMapper().writeValueAsString(measurement));
  }

  private static Measurement measure(
      Network network, Work work, Precision precision, int workers, double seconds)
      throws InterruptedException, ExecutionException, IOException {
    ExecutorService pool = Executors.newFixedThreadPool(workers);
    CyclicBarrier together = new CyclicBarrier(workers);
    List<Future<long[]>> running = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      int number = worker;
      running.add(
          pool.submit(
              () -> {
                Runnable step = work.prepare(network, network.batch(), precision, number);
                together.await();
                return Stopwatch.time(step, Math.max(WARM_UP_SECONDS, seconds / 2), seconds);
              }));
    }
    long[] times = {};
    for (Future<long[]> one : running) {
      long[] more = one.get();
      int length = times.length;
      times = Arrays.copyOf(times, length + more.length);
      System.arraycopy(more, 0, times, length, more.length);
    }
    pool.shutdown();
    double median = Stopwatch.median(times) / 1e6;
    return new Measurement(
        median,
        Stopwatch.minimum(times) / 1e6,
        times.length,
        workers * network.batch() / median * 1e3,
        peakMegabytes(),
        ParameterLayout.of(network.architecture()).size());
  }

  /** The kernel's high-water mark of this process. */
  private static double peakMegabytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(Double.NaN);
  }
}
