package dev.ddpm.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.golden.GoldenFile;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterLayoutTest {
  private static final List<Integer> CIFAR_WIDTHS = List.of(1, 2, 2, 4);

  private static ParameterLayout layout(
      int imageChannels, int channels, List<Integer> multipliers, List<Boolean> attention) {
    return ParameterLayout.of(
        new LabmlUNet(imageChannels, 32, 32, channels, multipliers, attention, 2, 32, 1, 0.1));
  }

  @Test
  void referenceConfiguration() {
    ParameterLayout layout = layout(3, 64, CIFAR_WIDTHS, List.of(false, false, false, true));
    assertThat(layout.size()).isEqualTo(167_777_987);
    assertThat(layout.tensors()).hasSize(308);
  }

  @Test
  void grayImages() {
    ParameterLayout layout = layout(1, 64, CIFAR_WIDTHS, List.of(false, false, false, true));
    assertThat(layout.size()).isEqualTo(167_775_681);
  }

  @Test
  void constructorDefaults() {
    ParameterLayout layout = layout(3, 64, CIFAR_WIDTHS, List.of(false, false, true, true));
    assertThat(layout.size()).isEqualTo(168_899_011);
    assertThat(layout.tensors()).hasSize(338);
  }

  @Test
  void smallerConfigurations() {
    assertThat(layout(3, 64, List.of(1, 2, 2), List.of(false, false, true)).size())
        .isEqualTo(13_694_915);
    assertThat(layout(3, 32, List.of(1, 2, 2, 2), List.of(false, false, false, true)).size())
        .isEqualTo(13_377_635);
  }

  @Test
  void namesAndOrderAreTheReferences() {
    GoldenFile golden = GoldenFile.open("tiny");
    ParameterLayout layout =
        ParameterLayout.of(
            new LabmlUNet(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1));
    assertThat(layout.tensors())
        .extracting(ParameterLayout.Entry::name)
        .containsExactly(golden.metadata("param_names").split(","));
  }

  @Test
  void theEmbeddingOfClassesFollowsThatOfTheTimestep() {
    ParameterLayout layout =
        ParameterLayout.of(
            new LabmlUNet(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1, 11));
    assertThat(layout.tensors().get(6).name()).isEqualTo("class_emb.weight");
    assertThat(layout.tensors().get(6).shape()).containsExactly(11, 64);
    assertThat(layout.tensors().stream().map(ParameterLayout.Entry::name))
        .filteredOn(name -> !name.equals("class_emb.weight"))
        .containsExactly(GoldenFile.open("tiny").metadata("param_names").split(","));
  }

  @Test
  void tensorsFillTheVectorWithoutGaps() {
    ParameterLayout layout = layout(3, 32, List.of(1, 2), List.of(true, false));
    long offset = 0;
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      assertThat(tensor.offset()).as(tensor.name()).isEqualTo(offset);
      offset += tensor.length();
    }
    assertThat(layout.size()).isEqualTo(offset);
  }

  @Test
  void everyTensorComesBackFromTheFlatVector() {
    ParameterLayout layout =
        ParameterLayout.of(
            new LabmlUNet(3, 8, 8, 16, List.of(1, 2), List.of(true, false), 1, 8, 2, 0));
    float[] flat = new float[(int) layout.size()];
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      layout.fromStateDict(tensor, counting(tensor), flat);
    }
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      assertThat(layout.toStateDict(tensor, flat))
          .as(tensor.name())
          .containsExactly(counting(tensor));
    }
  }

  private static float[] counting(ParameterLayout.Entry tensor) {
    float[] values = new float[tensor.length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (int) tensor.offset() + i;
    }
    return values;
  }

  @Test
  void wrongNumberOfValuesIsRefused() {
    ParameterLayout layout = layout(3, 32, List.of(1, 2), List.of(true, false));
    assertThatThrownBy(
            () -> layout.fromStateDict(layout.tensors().get(0), new float[3], new float[9999]))
        .hasMessageContaining("image_proj.weight has 864 values, not 3");
  }
}
