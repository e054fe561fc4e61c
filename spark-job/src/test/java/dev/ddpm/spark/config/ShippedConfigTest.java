package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.Preset;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShippedConfigTest {

  @Test
  void fashionMnistFitsItsImages() {
    ExperimentConfig config = load("fashion-mnist.conf");

    assertThat(config.model().spec(1, 28, 28).levels()).isEqualTo(3);
    assertThat(config.diffusion().preset()).isEqualTo(Preset.PAPER);
  }

  @Test
  void labmlIsTheReferenceConfiguration() {
    ExperimentConfig config = load("labml.conf");

    assertThat(config.model().spec(3, 32, 32).levelChannels(3)).isEqualTo(1024);
    assertThat(config.diffusion().preset()).isEqualTo(Preset.LABML);
    assertThat(config.training().learningRate()).isEqualTo(2e-5);
  }

  private static ExperimentConfig load(String name) {
    return ConfigLoader.load(Optional.of(Path.of("../conf", name)), List.of()).experiment();
  }
}
