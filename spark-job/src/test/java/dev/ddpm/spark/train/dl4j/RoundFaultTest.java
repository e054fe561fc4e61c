package dev.ddpm.spark.train.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.train.dl4j.FaultHook.Fault;
import dev.ddpm.spark.train.dl4j.FaultHook.Kind;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.Round;
import dev.ddpm.spark.train.round.WorkerStats;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Faults in a JVM that repeats no task. */
class RoundFaultTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  @Test
  void aRoundThatBlowsUpIsNotApplied() {
    List<Round> rounds =
        TinyTraining.train(
            SPARK.context("local[2]"), 1, hook(Kind.BLOW_UP, TinyTraining.imageOf(1, 1, 1)));
    Round bad = rounds.get(1);

    assertThat(bad.applied()).isFalse();
    assertThat(bad.steps()).isZero();
    assertThat(bad.rows()).isZero();
    assertThat(bad.skipped()).isEqualTo(16);
    assertThat(bad.state()).isSameAs(rounds.get(0).state());
    assertThat(bad.workers()).extracting(WorkerStats::finite).containsExactly(true, false);
    assertThat(bad.workers().get(1))
        .returns(4L, WorkerStats::rows)
        .returns(4L, WorkerStats::skipped);
    assertThat(rounds.get(2).applied()).isTrue();
    assertThat(rounds.get(2).state().isFinite()).isTrue();
    assertThat(rounds.get(2).state().step()).isEqualTo(4);
  }

  /** Weights that become infinite in the very last step have no loss that would tell. */
  @Test
  void weightsThatAreNotFiniteAreNotAveraged() {
    var state =
        new ModelState(
            new WireFloats(new float[] {1, 2}), new WireFloats(new float[] {3, Float.NaN}), 1);

    assertThat(state.isFinite()).isFalse();
    assertThat(TinyTraining.train(SPARK.context("local[2]"), 1).get(0).state().isFinite()).isTrue();
  }

  /** Twin of the executor faults: it is the repetition of the task that saves those runs. */
  @Test
  void withoutRepetitionOneThrowEndsTheRun() {
    FaultHook hook = hook(Kind.THROW, TinyTraining.imageOf(1, 0, 0));

    assertThatThrownBy(() -> TinyTraining.train(SPARK.context("local[2]"), 1, hook))
        .hasMessageContaining("a fault at image");
  }

  private FaultHook hook(Kind kind, long image) {
    return new FaultHook(folder, List.of(new Fault(kind, image)));
  }
}
