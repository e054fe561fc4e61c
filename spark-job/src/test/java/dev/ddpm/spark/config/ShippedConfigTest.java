package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleKind;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.training.Optimiser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ShippedConfigTest {
  private static final Path CONF = Path.of("../conf");

  static Stream<String> experiments() throws IOException {
    try (Stream<Path> files = Files.list(CONF)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".conf"))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("experiments")
  void everyExperimentIsValid(String name) {
    ExperimentConfig config = load(name);

    assertThat(config.training().epochs()).isPositive();
    assertThat(architecture(config, 1, 28).plan().nodes()).isNotEmpty();
  }

  @Test
  void fashionMnistFitsItsImages() {
    ExperimentConfig config = load("fashion-mnist.conf");

    assertThat(widths(spec(config, 1, 28))).containsExactly(32, 64, 128);
    assertThat(config.diffusion().preset()).isEqualTo(Preset.PAPER);
  }

  @Test
  void labmlIsTheReferenceConfiguration() {
    ExperimentConfig config = load("labml.conf");

    assertThat(widths(spec(config, 3, 32))).containsExactly(64, 128, 256, 1024);
    assertThat(config.diffusion().preset()).isEqualTo(Preset.LABML);
    assertThat(config.training().learningRate()).isEqualTo(2e-5);
  }

  @Test
  void cifar10HasThePapersWidthsBatchAndSteps() {
    ExperimentConfig config = load("cifar10.conf");

    assertThat(widths(spec(config, 3, 32))).containsExactly(128, 256, 256, 256);
    assertThat(config.training().workers() * config.training().batchSize()).isEqualTo(128);
    assertThat(config.training().epochs() * 50_000L / 128).isEqualTo(800_000);
    assertThat(config.training().learningRate()).isEqualTo(2e-4);
  }

  @Test
  void hoIsTheNetworkAndTheRecipeOfThePaper() {
    ExperimentConfig config = load("ho-cifar10.conf");
    TrainingConfig training = config.training();

    assertThat(ParameterLayout.of(architecture(config, 3, 32)).size()).isEqualTo(35_746_307);
    assertThat(config.diffusion())
        .isEqualTo(
            new DiffusionConfig(
                Preset.PAPER,
                1000,
                ScheduleKind.LINEAR,
                1e-4,
                0.02,
                false,
                Prediction.EPSILON,
                DataRange.MINUS_ONE_TO_ONE));
    assertThat(training.workers() * training.batchSize()).isEqualTo(128);
    assertThat(training.epochs() * 50_000L / 128).isEqualTo(800_000);
    assertThat(training.optimiser()).isEqualTo(Optimiser.ADAM);
    assertThat(training.learningRate()).isEqualTo(2e-4);
    assertThat(training.warmUpSteps()).isEqualTo(5000);
    assertThat(training.emaDecay()).isEqualTo(0.9999);
    assertThat(training.horizontalFlip()).isTrue();
  }

  @Test
  void colour64ToleratesStrayFiles() {
    ExperimentConfig config = load("colour-64.conf");

    assertThat(widths(spec(config, 3, 64))).containsExactly(64, 128, 256, 512);
    assertThat(config.training().maxBad()).isEqualTo("1%");
  }

  /** An experiment that leaves size and classes to the data gets this size, and ten classes. */
  private static Architecture architecture(ExperimentConfig config, int channels, int size) {
    int own = config.model().height();
    int side = own == 0 ? size : own;
    int most = Math.max(channels, config.model().imageChannels());
    int rows = config.model().classes() == ClassesChoice.NONE ? 0 : 11;
    return config.model().architecture(new ImageShape(side, side, most), rows);
  }

  private static LabmlUNet spec(ExperimentConfig config, int channels, int size) {
    return (LabmlUNet) architecture(config, channels, size);
  }

  private static int[] widths(LabmlUNet spec) {
    return IntStream.range(0, spec.levels()).map(spec::levelChannels).toArray();
  }

  private static ExperimentConfig load(String name) {
    return ConfigLoader.load(Optional.of(CONF.resolve(name)), List.of()).experiment();
  }
}
