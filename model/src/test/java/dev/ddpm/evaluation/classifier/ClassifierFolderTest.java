package dev.ddpm.evaluation.classifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.evaluation.extractor.FeatureClasses;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
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
    ClassifierFolder.write(
        new LocalFileStore(folder),
        PLAN,
        List.of("a", "b", "c", "d"),
        weights,
        Map.of("accuracy", "3 of 4"));
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

  /** Those of the first format told no names. */
  @Test
  void oneOfTheFirstFormatIsReadAndComputesTheSame() throws IOException {
    String shipped = "fashion-mnist/weights.safetensors";
    try (InputStream weights = ClassifierSpec.class.getResourceAsStream(shipped)) {
      Files.write(folder.resolve("weights.safetensors"), weights.readAllBytes());
    }
    Files.copy(
        Path.of("src/test/resources/classifier-format-1/classifier.json"),
        folder.resolve("classifier.json"),
        StandardCopyOption.REPLACE_EXISTING);
    ClassifierSpec first = read();
    ClassifierSpec now = ClassifierSpec.fashionMnist();
    ImageShape shape = new ImageShape(28, 28, 1);

    assertThat(first.classes().orElseThrow().names()).isEmpty();
    assertThat(now.classes().orElseThrow().names()).hasSize(10).startsWith("t-shirt", "trouser");
    assertThat(first.settings()).isEqualTo(now.settings());
    assertThat(features(first, shape)).isEqualTo(features(now, shape));
  }

  @Test
  void tellsClassesByFeatures() {
    ClassifierSpec spec = read();
    FeatureClasses classes = spec.classes().orElseThrow();
    float[] input = new float[PLAN.input().size()];
    CounterRandom.gaussian(2, Stream.SAMPLE_NOISE, 0, 0, input, 0, input.length);
    Classifier classifier = spec.classifier();

    assertThat(classes.names()).containsExactly("a", "b", "c", "d");
    assertThat(classes.count()).isEqualTo(4);
    assertThat(classes.classOf(classifier.features(input).clone()))
        .isEqualTo(classifier.classOf(input));
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
