package dev.ddpm.spark.train;

import dev.ddpm.spark.train.round.Round;
import dev.ddpm.spark.train.round.WorkerStats;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.LossByTimestep;
import dev.ddpm.training.RoundPlan;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** What is told of every round: a line, a report for the metrics, and the gauges. */
final class RoundLog {
  private final RoundPlan plan;
  private final LearningRate learningRate;
  private final long rounds;
  private final int epochs;
  private final TrainingMetrics metrics;
  private final PrintWriter out;
  private final List<RoundReport> reports;
  private long lastRound = System.nanoTime();
  private final RoundPace pace = new RoundPace(lastRound);

  /**
   * Goes on after the rounds that are reported already.
   *
   * @param rounds rounds of the whole run
   * @param epochs epochs of the whole run
   * @param earlier reports of the rounds that a resumed run has made
   * @param metrics shows the last round
   * @param out receives one line per round and one per epoch
   */
  RoundLog(
      RoundPlan plan,
      LearningRate learningRate,
      long rounds,
      int epochs,
      List<RoundReport> earlier,
      TrainingMetrics metrics,
      PrintWriter out) {
    this.plan = plan;
    this.learningRate = learningRate;
    this.rounds = rounds;
    this.epochs = epochs;
    this.metrics = metrics;
    this.out = out;
    this.reports = new ArrayList<>(earlier);
  }

  /** The reports of all rounds, in their order. */
  List<RoundReport> reports() {
    return Collections.unmodifiableList(reports);
  }

  /** Loss of the last round that was applied; not a number before the first. */
  double lastLoss() {
    for (int i = reports.size() - 1; i >= 0; i--) {
      if (reports.get(i).loss() != null) {
        return reports.get(i).loss();
      }
    }
    return Double.NaN;
  }

  /** How many rounds at the end, up to now, were not applied because something was not finite. */
  int leftOutAtTheEnd() {
    int leftOut = 0;
    for (int i = reports.size() - 1; i >= 0 && reports.get(i).loss() == null; i--) {
      leftOut++;
    }
    return leftOut;
  }

  /**
   * Tells of a round.
   *
   * @param done rounds made so far
   * @param validation losses of the held-out images, if they were computed
   * @param frechet distance of drawn images to them, if it was computed
   */
  RoundReport add(
      Round round, long done, Optional<LossByTimestep> validation, OptionalDouble frechet) {
    long now = System.nanoTime();
    double wall = (now - lastRound) / 1e9;
    lastRound = now;
    WorkerStats slowest =
        Collections.max(round.workers(), Comparator.comparingLong(WorkerStats::nanos));
    double compute = slowest.computeNanos() / 1e9;
    double broadcast = slowest.loadNanos() / 1e9;
    double worker = slowest.nanos() / 1e9;
    double secondsPerRound = pace.add(now);
    var report =
        new RoundReport(
            done,
            rounds,
            round.epoch() + 1,
            epochs,
            round.state().step(),
            round.epoch() * plan.rows()
                + plan.rowsBefore(round.number())
                + plan.rowsIn(round.number()),
            round.rows(),
            round.skipped(),
            round.applied() ? Double.valueOf(round.loss()) : null,
            learningRate.at(Math.max(0, round.state().step() - 1)),
            round.rows() / wall,
            compute,
            round.nanos() / 1e9 - compute,
            broadcast,
            worker - broadcast - compute,
            round.nanos() / 1e9 - worker,
            wall - round.nanos() / 1e9,
            secondsPerRound * (rounds - done),
            validation.map(LossByTimestep::mean).orElse(null),
            validation.map(LossByTimestep::byRange).orElse(null),
            frechet.isPresent() ? Double.valueOf(frechet.getAsDouble()) : null);
    reports.add(report);
    metrics.show(report);
    out.println(report.line());
    if (round.number() == plan.rounds() - 1) {
      closeEpoch(round.epoch() + 1);
    }
    return report;
  }

  /** Every row of an epoch must have been used or told as skipped. */
  private void closeEpoch(long epoch) {
    List<RoundReport> all = reports.stream().filter(report -> report.epoch() == epoch).toList();
    long used = all.stream().mapToLong(RoundReport::used).sum();
    long skipped = all.stream().mapToLong(RoundReport::skipped).sum();
    if (all.size() == plan.rounds() && used + skipped != plan.rows()) {
      throw new IllegalStateException(
          "Epoch %d used %d rows and skipped %d of %d."
              .formatted(epoch, used, skipped, plan.rows()));
    }
    out.println(
        String.format(
            Locale.ROOT,
            "epoch %d/%d done · %,d images used + %,d skipped = %,d",
            epoch,
            epochs,
            used,
            skipped,
            used + skipped));
  }
}
