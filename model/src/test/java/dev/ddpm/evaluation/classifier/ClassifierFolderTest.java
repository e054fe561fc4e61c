package dev.ddpm.evaluation.classifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifierFolderTest {
  private static final ClassifierPlan PLAN = new ClassifierPlan(12, 10, 3, 4);

  @TempDir Path folder;

  @BeforeEach
  void write() {
    NamedTensors weights = new NamedTensors();
    int index = 0;
    for (TensorHeader tensor : PLAN.tensors()) {
      float[] values = new float[(int) tensor.size()];
      CounterRandom.gaussian(1, Stream.WEIGHT_INIT, index++, 0, values, 0, values.length);
      weights.add(tensor, values);
    }
    ClassifierFolder.write(new LocalFileStore(folder), PLAN, weights, Map.of("accuracy", "3 of 4"));
  }

  private ClassifierSpec read() {
    return ClassifierSpec.read(new LocalFileStore(folder));
  }

  private static float[] features(ClassifierSpec spec, ImageShape shape) {
    byte[] image = new byte[shape.size()];
    for (int i = 0; i < image.length; i++) {
      image[i] = (byte) (i * i / shape.channels());
    }
    try (FeatureExtractor extractor = spec.open(shape)) {
      float[] features = new float[extractor.features()];
      extractor.extract(image, features, 0);
      return features;
    }
  }

  @Test
  void isReadAsItWasWritten() {
    ClassifierSpec spec = read();

    assertThat(spec.plan()).isEqualTo(PLAN);
    assertThat(spec.settings())
        .containsEntry("kind", "classifier")
        .containsEntry("input", "12×10×3")
        .containsEntry("range", "-1..1")
        .containsEntry("resize", "bicubic, antialiased, not rounded");
    assertThat(spec.settings().get("weights")).matches("sha256:[0-9a-f]{64}");
  }

  @Test
  void describesImagesOfOtherSizesAndGreyOnes() {
    ClassifierSpec spec = read();

    for (ImageShape shape :
        new ImageShape[] {PLAN.input(), new ImageShape(40, 31, 3), new ImageShape(7, 7, 1)}) {
      float[] features = features(spec, shape);
      assertThat(features).hasSize(64);
      float sum = 0;
      for (float feature : features) {
        assertThat(feature).isGreaterThanOrEqualTo(0);
        sum += feature;
      }
      assertThat(sum).isPositive();
    }
  }

  @Test
  void refusesImagesWithAlpha() {
    ClassifierSpec spec = read();
    ImageShape shape = new ImageShape(12, 10, 4);

    assertThatThrownBy(() -> spec.open(shape))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "The images are 12×10×4, and the extractor takes 12×10×3: images of 4 channels cannot"
                + " be described by it; ddpm ingest --channels makes a table of others.");
  }

  @Test
  void whatIsDamagedOrMissingIsNamed() throws IOException {
    Path weights = folder.resolve("weights.safetensors");
    byte[] good = Files.readAllBytes(weights);
    byte[] bad = good.clone();
    bad[bad.length - 1] ^= 1;
    Files.write(weights, bad);
    assertThatThrownBy(this::read).hasMessageContaining("it is damaged or of another classifier");

    Files.write(weights, Arrays.copyOf(good, good.length / 2));
    assertThatThrownBy(this::read).hasMessageContaining("it is damaged or of another classifier");

    Files.delete(weights);
    assertThatThrownBy(this::read)
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            weights + " does not exist: this is not a folder that 'ddpm classifier' has written.");

    Path document = folder.resolve("classifier.json");
    Files.writeString(document, Files.readString(document).replace("12", "13"));
    assertThatThrownBy(this::read).hasMessageContaining("is damaged: it has the SHA-256");

    Files.writeString(document, "{\"format_version\": 99}");
    assertThatThrownBy(this::read).hasMessageContaining("was written by a newer version");
  }
}
