package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.TrainingState;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.TrainingConfig;
import dev.ddpm.spark.stored.ProfileSnapshots;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.Round;
import dev.ddpm.training.Ema;
import dev.ddpm.training.KeptProfiles;
import dev.ddpm.training.LossByTimestep;
import dev.ddpm.training.RoundPlan;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A training run as it goes: the averaged state and its average over time, whether to go on, and
 * what is written when.
 */
final class TrainingRun {
  private final RoundPlan plan;
  private final TrainingConfig training;
  private final ModelDescription description;
  private final RunFolder folder;
  private final Watch watch;
  private final RoundLog log;
  private final EarlyStop earlyStop;
  private Checkpoint current;
  private int badRounds;

  /**
   * Stands where a checkpoint stands, which may be the beginning.
   *
   * @param initial where it starts
   * @param watch what is looked at on the way
   * @param log what is told of every round
   */
  TrainingRun(
      RoundPlan plan,
      TrainingConfig training,
      ModelDescription description,
      RunFolder folder,
      Checkpoint initial,
      Watch watch,
      RoundLog log) {
    this.plan = plan;
    this.training = training;
    this.description = description;
    this.folder = folder;
    this.current = initial;
    this.watch = watch;
    this.log = log;
    this.earlyStop = new EarlyStop(watch.config(), log.reports());
  }

  /** Rounds from beginning to end. */
  long rounds() {
    return training.rounds(plan);
  }

  /** Rounds made so far. */
  long roundsDone() {
    return current.training().round();
  }

  /** Whether nothing is left to do. */
  boolean finished() {
    return isLastRound() || earlyStop.isDue();
  }

  private boolean isLastRound() {
    return roundsDone() >= rounds();
  }

  /** The averaged state. */
  ModelState state() {
    return current.state();
  }

  /** Epoch of the next round. */
  long epoch() {
    return roundsDone() / plan.rounds();
  }

  /** Number of the next round within its epoch. */
  int roundOfEpoch() {
    return (int) (roundsDone() % plan.rounds());
  }

  /** Mean loss of the last round; not a number before the first. */
  double lastLoss() {
    return log.lastLoss();
  }

  /**
   * Takes the result of a round over.
   *
   * @throws DdpmException (data) if it is one too many in a row that could not be applied
   */
  boolean onRound(Round round) {
    current = advance(round);
    Optional<LossByTimestep> validation = watch.validate(roundsDone(), isLastRound(), weights());
    OptionalDouble frechet = watch.frechet(roundsDone(), isLastRound(), weights());
    boolean best = earlyStop.isBest(log.add(round, roundsDone(), validation, frechet));
    guard(round);
    boolean due = roundsDone() % training.checkpointEvery() == 0 || finished();
    if (due || best) {
      // Before the checkpoint: a resumed run finds the reports of all rounds that it does not make.
      folder.write(log.reports(), description);
    }
    if (best) {
      folder.writeBest(current, description);
    }
    if (current.profiles().isPresent() && (ProfileSnapshots.isDue(roundsDone()) || finished())) {
      // Before the checkpoint, likewise.
      folder.writeSnapshot(current, description, plan.rowsAfter(roundsDone()));
    }
    if (due) {
      folder.write(current, description, training.keepCheckpoints());
    }
    watch.sheet(roundsDone(), weights()).ifPresent(sheet -> folder.writeSheet(roundsDone(), sheet));
    return !finished();
  }

  /** Writes the model folder at the end. */
  void finish() {
    folder.writeModel(current, description);
  }

  /**
   * Checks that the model of the run is that of its last round.
   *
   * @throws DdpmException (data) if it is that of an earlier one, because something was not finite
   */
  void requireLastRoundApplied() {
    int leftOut = log.leftOutAtTheEnd();
    if (leftOut > 0) {
      throw DdpmException.data(
          "A loss or weight was not finite in the last %d of %d rounds: training has diverged, and"
              + " %s has the weights from before; lower training.learning-rate or set"
              + " training.clip-norm.",
          leftOut, roundsDone(), folder.model());
    }
  }

  /** The weights that are sampled with: the average, if there is one. */
  private WireFloats weights() {
    return current.ema().orElse(current.state().parameters());
  }

  private void guard(Round round) {
    badRounds = round.applied() ? 0 : badRounds + 1;
    if (badRounds > training.maxBadRounds()) {
      throw DdpmException.data(
          "A loss or weight was not finite in %d rounds in a row, up to round %d: training has"
              + " diverged; lower training.learning-rate or set training.clip-norm"
              + " (training.max-bad-rounds = %d).",
          badRounds, roundsDone(), training.maxBadRounds());
    }
  }

  private Checkpoint advance(Round round) {
    long firstStep = current.state().step();
    current
        .ema()
        .ifPresent(
            average ->
                Ema.update(
                    average.values(),
                    round.state().parameters().values(),
                    training.emaDecay(),
                    firstStep,
                    round.steps()));
    long done = roundsDone() + 1;
    current
        .profiles()
        .ifPresent(
            averages ->
                KeptProfiles.update(
                    averages.values(),
                    round.state().parameters().values(),
                    plan.rowsAfter(roundsDone()),
                    plan.rowsAfter(done)));
    var position =
        new TrainingState(
            round.state().step(),
            done,
            done / plan.rounds(),
            plan.rowsBefore((int) (done % plan.rounds())),
            training.seed());
    return new Checkpoint(round.state(), current.ema(), current.profiles(), position);
  }
}
