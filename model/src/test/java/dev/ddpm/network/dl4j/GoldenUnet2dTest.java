package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.Precision;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.exchange.GoldenFolder;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.golden.GoldenNetworks;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.random.CounterRandom;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole networks against diffusers' own: prediction, loss, and every gradient. */
class GoldenUnet2dTest {
  @TempDir Path folder;

  private static final double PREDICTION = 2e-5;
  private static final double LOSS = 1e-5;
  private static final double GRADIENT = 2e-4;
  private static final double NETWORK_FLOOR = 1e-4;

  /** Two roundings of float32 (2⁻²³ each) of the network's largest gradient, in floors. */
  private static final double ROUNDING = 0x1p-22 / NETWORK_FLOOR;

  static Stream<Arguments> networks() {
    return TestedBackend.here()
        .flatMap(
            backend ->
                Stream.of("ho_small", "script_small", "classes_small")
                    .map(name -> Arguments.of(name, GoldenNetworks.unet2d(name), backend)));
  }

  /** The network of a golden file, with its weights. */
  static Dl4jNetwork load(GoldenFile golden, Unet2d spec, TestedBackend backend) {
    Dl4jNetwork model = Dl4jNetwork.create(spec, 1, TorchAdam.constant(2e-5));
    model.use(backend.backend());
    ParameterLayout layout = ParameterLayout.of(spec);
    float[] flat = new float[(int) layout.size()];
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      assertThat(golden.shape(tensor.name()))
          .as(tensor.name())
          .isEqualTo(tensor.shape().stream().mapToLong(Integer::longValue).toArray());
      layout.fromStateDict(tensor, golden.values(tensor.name()), flat);
    }
    model.setParameters(flat);
    return model;
  }

  /** The networks that are compared here are those that a user gets from the library's folders. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("networks")
  void isWhatImportMakesOfTheFolder(String name, Unet2d spec, TestedBackend backend)
      throws IOException {
    ModelFolder imported = GoldenFolder.imported(name, folder.resolve(name));

    assertThat(imported.description().architecture()).isEqualTo(spec);
    assertThat(new FlatTensors(ParameterLayout.of(spec)).read(imported, TensorFile.WEIGHTS))
        .isEqualTo(load(GoldenFile.open("unet2d_" + name), spec, backend).parameters());
  }

  /** Scales and shifts by the time, which no golden file has, on every back end. */
  @Test
  void backEndsAgreeOnScalesAndShifts() {
    Unet2d spec =
        new Unet2d(
            3,
            16,
            16,
            List.of(8, 16),
            List.of(true, false),
            2,
            4,
            1e-6,
            4,
            new Unet2d.Middle(true, false, 1.5),
            new TimeEncoding(0, true),
            1,
            true,
            0,
            0,
            true);
    GoldenFile golden = GoldenFile.open("unet2d_ho_small");
    float[] noise = golden.image("noise");
    List<float[]> predictions = new ArrayList<>();
    List<float[]> gradients = new ArrayList<>();
    float[] weights = Dl4jNetwork.create(spec, 1, TorchAdam.constant(2e-5)).parameters();
    for (TestedBackend backend : TestedBackend.here().toList()) {
      Dl4jNetwork network = Dl4jNetwork.create(spec, 1, TorchAdam.constant(2e-5));
      network.use(backend.backend());
      network.setParameters(weights);
      float[] predicted = new float[noise.length];
      network.predict(GoldenNetworks.batch(golden), predicted);
      network.computeGradient(GoldenNetworks.batch(golden), noise, null, new long[4]);
      predictions.add(predicted);
      gradients.add(network.graph().getFlattenedGradients().toFloatVector());
    }

    for (int other = 1; other < predictions.size(); other++) {
      assertAgree(predictions.get(other), predictions.get(0), PREDICTION);
      assertAgree(gradients.get(other), gradients.get(0), GRADIENT);
    }
  }

  private static void assertAgree(float[] actual, float[] expected, double allowed) {
    assertThat(largest(expected)).isPositive();
    assertThat(GoldenFile.largestDifference(actual, expected) / largest(expected))
        .isLessThan(allowed);
  }

  /** What the network of a golden file is handed. */
  @ParameterizedTest(name = "{0}, {2}")
  @MethodSource("networks")
  void predictsTheSameNoise(String name, Unet2d spec, TestedBackend backend) {
    GoldenFile golden = GoldenFile.open("unet2d_" + name);
    Dl4jNetwork model = load(golden, spec, backend);
    float[] expected = golden.image("eps_theta");
    float[] epsilon = new float[expected.length];

    model.predict(GoldenNetworks.batch(golden), epsilon);

    double scale = Math.max(1, largest(expected));
    assertThat(GoldenFile.largestDifference(epsilon, expected) / scale).isLessThan(PREDICTION);
  }

  @ParameterizedTest(name = "{0}, {2}")
  @MethodSource("networks")
  void hasTheSameLossAndGradients(String name, Unet2d spec, TestedBackend backend) {
    GoldenFile golden = GoldenFile.open("unet2d_" + name);
    Dl4jNetwork model = load(golden, spec, backend);
    Batch batch = GoldenNetworks.batch(golden);

    double loss = model.computeGradient(batch, golden.image("noise"), null, new long[batch.size()]);

    assertThat(loss).isCloseTo(golden.values("loss")[0], within(LOSS));
    float[] flat = model.graph().getFlattenedGradients().toFloatVector();
    ParameterLayout layout = ParameterLayout.of(spec);
    double floor =
        NETWORK_FLOOR
            * layout.tensors().stream()
                .mapToDouble(tensor -> largest(golden.values("grad." + tensor.name())))
                .max()
                .orElseThrow();
    List<String> wrong = new ArrayList<>();
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      float[] actual = layout.toStateDict(tensor, flat);
      float[] expected = golden.values("grad." + tensor.name());
      double scale = Math.max(floor, largest(expected));
      double error = GoldenFile.largestDifference(actual, expected) / scale;
      double allowed = GRADIENT;
      if (vanishes(tensor.name(), spec)) {
        error = largest(actual) / scale;
        allowed = Math.max(ROUNDING * floor / scale, largest(expected) / scale);
      }
      if (!(error <= allowed)) {
        wrong.add(tensor.name() + ": " + error);
      }
    }
    assertThat(wrong).isEmpty();
  }

  /**
   * Whether a gradient is zero in theory: what is added before a normalisation with one channel per
   * group is subtracted with its mean. What is left of it, here and in the golden file, is the
   * rounding of thousands of terms that cancel, and depends on the order in which vectors of a
   * machine's width add them.
   */
  private static boolean vanishes(String name, Unet2d spec) {
    return spec.equals(GoldenNetworks.unet2d("script_small"))
        && (name.matches("(down_blocks[.][01]|up_blocks[.][45])[.].*(conv1[.]bias|time_emb_proj.*)")
            || name.matches("up_blocks[.]5[.]resnets[.]2[.]conv(2|_shortcut)[.]bias"));
  }

  /** All options that no golden file has, in the orders of blocks that they make. */
  @ParameterizedTest
  @CsvSource({
    "true, 0, true, 1.5, true",
    "true, 3, false, 1, false",
    "false, 3, true, 2, true",
    "false, 0, false, 0.5, false"
  })
  void aPretrainedNetworkPredictsTheSame(
      boolean centers, int classes, boolean scaleShift, double divisor, boolean attends) {
    Unet2d spec =
        new Unet2d(
            2,
            12,
            8,
            List.of(8, 16, 16),
            List.of(true, false, false),
            1,
            4,
            1e-5,
            4,
            new Unet2d.Middle(attends, !scaleShift, divisor),
            new TimeEncoding(0, true),
            0,
            scaleShift,
            0.1,
            classes,
            centers);
    Dl4jNetwork trained = Dl4jNetwork.create(spec, 1, TorchAdam.constant(2e-5));
    Denoiser pretrained = Dl4jNetwork.pretrained(spec, trained.parameters(), Precision.FLOAT32);
    float[] images = new float[2 * 12 * 8 * 2];
    CounterRandom.gaussian(3, dev.ddpm.random.Stream.SAMPLE_NOISE, 0, 0, images, 0, images.length);
    Batch batch =
        new Batch(2, images, new float[] {5, 800}, classes == 0 ? null : new int[] {2, 0});
    float[] expected = new float[images.length];
    float[] actual = new float[images.length];

    trained.predict(batch, expected);
    pretrained.predict(batch, actual);

    assertThat(actual).containsExactly(expected, within(1e-5f));
    assertThat(trained.computeGradient(batch, images, null, new long[2])).isFinite();
  }

  @Test
  void tellsWhetherItNeedsClasses() {
    Dl4jNetwork conditional =
        Dl4jNetwork.create(GoldenNetworks.unet2d("classes_small"), 1, TorchAdam.constant(2e-5));
    float[] image = new float[16 * 16];
    float[] prediction = new float[16 * 16];
    Batch without = Batch.unconditional(1, image, new float[1]);
    Batch unknown = new Batch(1, image, new float[1], new int[] {10});

    assertThatThrownBy(() -> conditional.predict(without, prediction))
        .hasMessage("This network needs a class per image.");
    assertThatThrownBy(() -> conditional.predict(unknown, prediction))
        .hasMessage("class 10 of a network with 10");
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
