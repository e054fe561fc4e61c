package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.spark.LargeNetwork;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.TrainingConfig;
import dev.ddpm.training.RoundPlan;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class MemoryChoiceTest {
  private static final int BATCH = 32;
  private static final RoundPlan PLAN = new RoundPlan(6400, 1, 1, BATCH, 0);
  private static final ExperimentConfig EXPERIMENT = TinyExperiment.with().experiment();

  /** Has so much memory outside of the Java heap for the only task. */
  private record Bound(long bytes) implements MemoryChoice.Machines {
    @Override
    public MemorySaving firstFitting(
        List<MemorySaving> savings, Function<MemorySaving, MemoryNeeds> needs) {
      return savings.stream()
          .filter(saving -> needs.apply(saving).taskNative() <= bytes)
          .findFirst()
          .orElseThrow(() -> DdpmException.environment("too little"));
    }
  }

  private static MemoryChoice choice(long bytes, String... settings) {
    String[] all = new String[settings.length + 1];
    System.arraycopy(settings, 0, all, 1, settings.length);
    all[0] = "training.batch-size=" + BATCH;
    TrainingConfig training = TinyExperiment.with(all).experiment().training();
    return new MemoryChoice(new Bound(bytes), training, PLAN, LargeNetwork.UNET, 0);
  }

  private static long need(int imagesAtOnce, boolean recomputes) {
    TrainingConfig training = EXPERIMENT.training();
    return TrainingMemory.of(
            LargeNetwork.UNET,
            PLAN,
            training.optimiser(),
            training.outerOptimiser(),
            training.averages(),
            0,
            new MemorySaving(imagesAtOnce, recomputes))
        .taskNative();
  }

  private static Optional<String> told(int imagesAtOnce, ModelDescription begun) {
    return choice(Long.MAX_VALUE).told(new MemorySaving(imagesAtOnce, false), Optional.of(begun));
  }

  private static ModelDescription model(String... provenance) {
    Map<String, String> all = new TreeMap<>();
    for (int i = 0; i < provenance.length; i += 2) {
      all.put(provenance[i], provenance[i + 1]);
    }
    return new ModelDescription(
        LargeNetwork.UNET,
        ClassLabels.NONE,
        EXPERIMENT.diffusion().scheduleSpec(),
        Prediction.EPSILON,
        Preset.PAPER,
        DataRange.MINUS_ONE_TO_ONE,
        Map.of(),
        all);
  }

  @Test
  void whatFitsIsComputedAsAWholeAndNotSpokenOf() {
    MemoryChoice choice = choice(need(BATCH, false));

    assertThat(choice.toBegin()).isEqualTo(new MemorySaving(BATCH, false));
    assertThat(choice.told(choice.toBegin(), Optional.empty())).isEmpty();
  }

  @Test
  void theFewestPartsAreChosenAndSaid() {
    // The sum of the gradients of so many weights takes more than two or three parts save.
    assertThat(choice(need(BATCH, false) - 1).toBegin())
        .isEqualTo(new MemorySaving(BATCH / 4, false));
    MemoryChoice choice = choice(need(4, false));

    assertThat(choice.toBegin()).isEqualTo(new MemorySaving(4, false));
    assertThat(choice.told(choice.toBegin(), Optional.empty()))
        .hasValue("To fit into memory, gradients are added up from 8 parts of up to 4 image(s).");
  }

  @Test
  void blocksRecomputeWhereNotEvenOneImageFitsOtherwise() {
    long bytes = need(1, false) - 1;
    MemoryChoice choice = choice(bytes);

    assertThat(choice.toBegin().recomputes()).isTrue();
    assertThat(need(choice.toBegin().imagesAtOnce(), true)).isLessThanOrEqualTo(bytes);
    assertThat(choice.told(choice.toBegin(), Optional.empty()).orElseThrow())
        .endsWith("blocks of the network compute activations once more in the backward pass.");
    assertThatThrownBy(() -> choice(1).toBegin()).hasMessage("too little");
  }

  @Test
  void whatIsConfiguredIsDoneOrRefused() {
    String four = "training.accumulate=4";
    assertThat(choice(Long.MAX_VALUE, four).toBegin()).isEqualTo(new MemorySaving(8, false));
    assertThat(choice(Long.MAX_VALUE, four).told(new MemorySaving(8, false), Optional.empty()))
        .hasValue("To save memory, gradients are added up from 4 parts of up to 8 image(s).");
    assertThatThrownBy(() -> choice(need(8, false) - 1, four).toBegin()).hasMessage("too little");
    assertThat(choice(Long.MAX_VALUE, "training.recompute=true").toBegin())
        .isEqualTo(new MemorySaving(BATCH, true));
    assertThatThrownBy(() -> choice(1, "training.accumulate=33").toBegin())
        .hasMessage(
            "accumulate = 33: a batch of batch-size = 32 images can be cut into 1 to 32 parts.");
  }

  /** Where there is more memory the run comes to the same bits as where it was begun. */
  @Test
  void aRunGoesOnWithItsPartsOrSmallerOnes() {
    ModelDescription begun =
        choice(need(4, false)).describe(model("data.images", "64"), new MemorySaving(4, true));
    assertThat(begun.provenance())
        .containsEntry("training.accumulate", "8")
        .containsEntry("training.recompute", "true")
        .containsEntry("data.images", "64");

    assertThat(choice(Long.MAX_VALUE).toGoOn(begun)).isEqualTo(new MemorySaving(4, false));
    assertThat(choice(need(2, false)).toGoOn(begun)).isEqualTo(new MemorySaving(2, false));
    assertThat(choice(Long.MAX_VALUE, "training.accumulate=2").toGoOn(begun))
        .isEqualTo(new MemorySaving(16, false));
    assertThat(choice(Long.MAX_VALUE).toGoOn(model())).isEqualTo(new MemorySaving(BATCH, false));
    assertThatThrownBy(() -> choice(Long.MAX_VALUE).toGoOn(model("training.accumulate", "none")))
        .hasMessage(
            "The run is damaged: training.accumulate = none: must be a whole number, at least 1.");
  }

  @Test
  void aRunThatGoesOnWithOtherPartsIsSaidToDifferInRounding() {
    ModelDescription begun = model("training.accumulate", "4");

    assertThat(told(8, begun).orElseThrow()).doesNotContain("rounding");
    assertThat(told(4, begun).orElseThrow())
        .isEqualTo(
            """
            To fit into memory, gradients are added up from 8 parts of up to 4 image(s).
            Until now a gradient was that of 8 image(s) at a time, and from now on of 4: the run \
            differs in rounding from one that was left alone.\
            """);
    assertThat(told(BATCH, begun).orElseThrow())
        .startsWith("Until now a gradient was that of 8 image(s) at a time, and from now on of 32");
    assertThat(told(BATCH, model())).isEmpty();
  }
}
