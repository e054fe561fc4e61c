package dev.ddpm.evaluation.classifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.image.ImageShape;
import org.junit.jupiter.api.Test;

class ClassifierPlanTest {

  @Test
  void imagesOfFashionMnistNeedThreeStages() {
    ClassifierPlan plan = ClassifierPlan.of(new ImageShape(28, 28, 1), 10);

    assertThat(plan.tensors().stream().map(t -> t.name() + " " + t.shape()))
        .containsExactly(
            "stages.0.weight [16, 1, 3, 3]",
            "stages.0.bias [16]",
            "stages.1.weight [32, 16, 3, 3]",
            "stages.1.bias [32]",
            "stages.2.weight [64, 32, 3, 3]",
            "stages.2.bias [64]",
            "features.weight [64, 576]",
            "features.bias [64]",
            "classes.weight [10, 64]",
            "classes.bias [10]");
    assertThat(plan.tensors().stream().mapToLong(TensorHeader::size).sum()).isEqualTo(60_874);
  }

  @Test
  void largeImagesAreShrunkInProportion() {
    assertThat(ClassifierPlan.of(new ImageShape(256, 192, 3), 2))
        .isEqualTo(new ClassifierPlan(64, 48, 3, 2));
    assertThat(ClassifierPlan.of(new ImageShape(1000, 2, 3), 2))
        .isEqualTo(new ClassifierPlan(64, 1, 3, 2));
  }

  @Test
  void refusesWhatItCannotTellApart() {
    assertThatThrownBy(() -> ClassifierPlan.of(new ImageShape(28, 28, 4), 10))
        .hasMessage("channels = 4: must be 1 (grey) or 3 (RGB).");
    assertThatThrownBy(() -> ClassifierPlan.of(new ImageShape(28, 28, 1), 1))
        .hasMessage("classes = 1: must be 2 to 10000.");
  }
}
