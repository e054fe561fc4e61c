package dev.ddpm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The table of what processes do in their first seconds. */
final class ColdTable {
  private final Processes processes;
  private final int rounds;
  private final double seconds;

  /**
   * Measures nothing yet.
   *
   * @param rounds processes per row; medians count
   * @param seconds of the end of each
   */
  ColdTable(Processes processes, int rounds, double seconds) {
    this.processes = processes;
    this.rounds = rounds;
    this.seconds = seconds;
  }

  /** Prints a row for every number of workers, network and kind of work. */
  void print(List<Network> networks, List<Integer> workers)
      throws IOException, InterruptedException {
    System.out.printf(
        """
        | workers | network | step | JVM, s | first step, s | first image, s | first round, s \
        | later rounds, s | share | first %d s, share | images/s in the end |
        |---|---|---|---|---|---|---|---|---|---|---|
        """,
        ColdSteps.FIRST_SECONDS);
    for (int count : workers) {
      for (Network network : networks) {
        for (Work work : Work.values()) {
          row(network, work, count);
        }
      }
    }
  }

  private void row(Network network, Work work, int workers)
      throws IOException, InterruptedException {
    List<ColdMeasurement> measured = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      measured.add(processes.cold(network, work, workers, seconds));
    }
    System.out.printf(
        Locale.ROOT,
        "| %d | %s | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.0f %% | %.0f %% | %.1f |%n",
        workers,
        network,
        work.name().toLowerCase(Locale.ROOT),
        median(measured, ColdMeasurement::secondsToWorkers),
        median(measured, ColdMeasurement::secondsToFirstStep),
        median(measured, ColdMeasurement::secondsToFirstImage),
        median(measured, ColdMeasurement::firstRoundSeconds),
        median(measured, ColdMeasurement::roundSeconds),
        100 * median(measured, ColdMeasurement::shareOfFirstRound),
        100 * median(measured, ColdMeasurement::shareAtFirst),
        median(measured, ColdMeasurement::imagesPerSecond));
  }

  private static double median(
      List<ColdMeasurement> measured, ToDoubleFunction<ColdMeasurement> figure) {
    double[] values = measured.stream().mapToDouble(figure).sorted().toArray();
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }
}
