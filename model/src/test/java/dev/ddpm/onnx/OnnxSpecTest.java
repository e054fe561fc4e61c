package dev.ddpm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.InputResize;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The networks are those of {@code onnx/networks.py}. */
class OnnxSpecTest {
  private static final ImageShape SHAPE = new ImageShape(12, 10, 3);

  private static byte[] file(String name) {
    try (InputStream in = OnnxSpecTest.class.getResourceAsStream("/onnx/" + name + ".onnx")) {
      return Objects.requireNonNull(in).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A network with settings, such as {@code open,size=12x10}. */
  private static OnnxSpec spec(String argument) {
    OnnxSettings.Argument parsed = OnnxSettings.Argument.parse("--extractor", argument);
    return OnnxSpec.read(parsed.file(), file(parsed.file()), parsed.settings());
  }

  private static byte[] picture(ImageShape shape) {
    byte[] pixels = new byte[shape.size()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * i % 251 + i);
    }
    return pixels;
  }

  private static float[] features(OnnxSpec spec, ImageShape shape) {
    try (FeatureExtractor extractor = spec.open(shape)) {
      float[] features = new float[extractor.features()];
      extractor.extract(picture(shape), features, 0);
      return features;
    }
  }

  /** The convolution, rectifier and mean of {@code networks.py}, from their definition. */
  private static float[] expected(float[] image, ImageShape shape) {
    int channels = shape.channels();
    float[] means = new float[4];
    for (int o = 0; o < 4; o++) {
      double mean = 0;
      for (int y = 0; y < shape.height(); y++) {
        for (int x = 0; x < shape.width(); x++) {
          double sum = 0;
          for (int c = 0; c < channels; c++) {
            for (int k = 0; k < 9; k++) {
              int row = y + k / 3 - 1;
              int column = x + k % 3 - 1;
              if (row >= 0 && row < shape.height() && column >= 0 && column < shape.width()) {
                int weight = ((o * channels + c) * 9 + k) * 37 % 101 - 50;
                sum += weight / 100.0 * image[(row * shape.width() + column) * channels + c];
              }
            }
          }
          mean += Math.max(0, sum);
        }
      }
      means[o] = (float) (mean / (shape.height() * shape.width()));
    }
    return means;
  }

  private static float[] scaled(ImageShape images, ImageShape input, double black, double white) {
    float[] resized = new float[input.height() * input.width() * images.channels()];
    new InputResize(images, input.height(), input.width()).apply(picture(images), resized);
    float[] values = new float[input.size()];
    for (int i = 0; i < values.length; i++) {
      float value = resized[images.channels() == input.channels() ? i : i / input.channels()];
      values[i] = (float) (black + value / 255 * (white - black));
    }
    return values;
  }

  private static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-5f * (1 + Math.abs(expected[i]))));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nchw",
        "nhwc",
        "bytes",
        "open,size=12x10,range=-1..1",
        "open,range=-1..1,size=12x10,layout=nchw,output=features"
      })
  void everyFormOfTheSameNetworkGivesTheSame(String argument) {
    assertClose(features(spec(argument), SHAPE), expected(scaled(SHAPE, SHAPE, -1, 1), SHAPE));
  }

  /** Grey is repeated, and other sizes are resized, without rounding. */
  @Test
  void imagesOfAnotherSizeAndGreyOnesAreMadeToFit() {
    ImageShape grey = new ImageShape(31, 28, 1);

    assertClose(features(spec("nchw"), grey), expected(scaled(grey, SHAPE, -1, 1), SHAPE));
  }

  @Test
  void anOutputOfSeveralIsNamed() {
    ImageShape shape = new ImageShape(12, 10, 1);

    OnnxSpec spec = spec("outputs,output=flat");

    assertClose(features(spec, shape), expected(scaled(shape, shape, 0, 255), shape));
    assertThat(spec.settings()).containsEntry("output", "flat").containsEntry("range", "0..255");
  }

  @Test
  void rangesAreThoseOfTheirNames() {
    float[] values = scaled(SHAPE, SHAPE, 0, 1);
    float[] means = {0.485f, 0.456f, 0.406f};
    float[] deviations = {0.229f, 0.224f, 0.225f};
    for (int i = 0; i < values.length; i++) {
      values[i] = (values[i] - means[i % 3]) / deviations[i % 3];
    }

    assertClose(features(spec("nchw,range=imagenet"), SHAPE), expected(values, SHAPE));
    assertClose(
        features(spec("nchw,range=0..1"), SHAPE), expected(scaled(SHAPE, SHAPE, 0, 1), SHAPE));
  }

  @Test
  void theSettingsTellAllThatDecides() {
    OnnxSpec spec = spec("nhwc");

    assertThat(spec.settings())
        .containsEntry("kind", "onnx")
        .containsEntry("input", "12×10×3")
        .containsEntry("type", "floats")
        .containsEntry("range", "-1..1")
        .containsEntry("layout", "nhwc")
        .containsEntry("resize", "bicubic, antialiased, not rounded")
        .containsEntry("output", "features");
    assertThat(spec.settings().get("weights")).matches("sha256:[0-9a-f]{64}");
    assertThat(spec.nativeBytes(SHAPE)).isPositive();
  }

  @Test
  void travelsToTheTasks() throws IOException, ClassNotFoundException {
    OnnxSpec spec = spec("nchw");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(spec);
    }
    OnnxSpec arrived;
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      arrived = (OnnxSpec) in.readObject();
    }

    assertThat(features(arrived, SHAPE)).isEqualTo(features(spec, SHAPE));
    assertThat(arrived.settings()).isEqualTo(spec.settings());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vector | vector takes the input x [1, 10]: one image is needed, of shape",
        "eight | eight takes the input image [8, 3, 12, 10]: one image is needed, of shape",
        "two | two takes 2 inputs (a, b): a network that takes one image is needed.",
        "whole | floats of 32 bits or unsigned bytes are needed.",
        "bgr | bgr takes the colours as blue, green, red",
        "open | open takes the input image [-1, 3, -1, -1], of any size: add ,size=HEIGHTxWIDTH",
        "open,size=12x10 | open does not say of what range the values of its input are (no"
            + " Image.NominalPixelRange): add ,range=0..255",
        "alike | which does not tell where its channels are: add ,layout=nchw or ,layout=nhwc.",
        "nchw,size=13x10 | its size cannot be changed to 13x10.",
        "nchw,layout=nhwc | in the layout nhwc one of 10 channels: 1 (grey) or 3 (RGB) are needed.",
        "bytes,range=0..1 | bytes takes bytes: its range is 0..255 and cannot be changed to 0..1.",
        "outputs | outputs has the outputs flat, extents, nothing: add ,output=NAME",
        "outputs,output=pool | outputs has no output pool, but flat, extents, nothing.",
        "outputs,output=extents | 1 to 16384 floats of 32 bits are needed.",
        "nchw,size=299 | --extractor: size=299 must be HEIGHTxWIDTH in pixels, such as 299x299.",
        "nchw,layout=hwc | --extractor: layout=hwc must be nchw or nhwc.",
        "nchw,range=1 | --extractor: range=1 must be imagenet, or the values of black and white",
        "nchw,crop=5 | --extractor: there is no setting crop of an ONNX file, but size, range,",
        ",size=3x3 | --extractor = onnx:,size=3x3: names no file."
      })
  void aFileOfTheWrongFormIsToldInOneLine(String argument, String message) {
    assertThatThrownBy(() -> spec(argument))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(message)
        .extracting(Throwable::getMessage)
        .asString()
        .hasLineCount(1);
  }

  @Test
  void featuresThatAreNoNumbersAreRefused() {
    OnnxSpec spec = spec("outputs,output=nothing");
    ImageShape shape = new ImageShape(12, 10, 1);

    assertThatThrownBy(() -> features(spec, shape))
        .isInstanceOf(DdpmException.class)
        .hasMessage("outputs made NaN of an image: features must be finite.");
  }

  @Test
  void aDamagedFileIsToldInOneLine() {
    byte[] whole = file("nchw");
    OnnxSettings none = OnnxSettings.Argument.parse("--extractor", "f").settings();

    for (byte[] damaged :
        new byte[][] {
          Arrays.copyOf(whole, whole.length / 2),
          new byte[0],
          "no network".getBytes(java.nio.charset.StandardCharsets.US_ASCII)
        }) {
      assertThatThrownBy(() -> OnnxSpec.read("broken.onnx", damaged, none))
          .isInstanceOf(DdpmException.class)
          .hasMessageStartingWith("broken.onnx is not a network that ONNX Runtime can load: ")
          .extracting(Throwable::getMessage)
          .asString()
          .hasLineCount(1);
    }
  }

  @Test
  void refusesImagesWithAlpha() {
    OnnxSpec spec = spec("nchw");

    assertThatThrownBy(() -> spec.open(new ImageShape(12, 10, 4)))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("images of 4 channels cannot be described by it");
  }
}
