package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.TestedBackend;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.golden.GoldenNetworks;
import dev.ddpm.network.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole networks against libtorch: prediction, loss, every gradient, and Adam's parameters. */
class GoldenUNetTest {
  private static final double PREDICTION = 2e-5;
  private static final double LOSS = 1e-5;
  private static final double GRADIENT = 2e-4;
  private static final double ADAM = 3e-5;
  private static final double NETWORK_FLOOR = 1e-4;

  static Stream<Arguments> networks() {
    return Stream.of("tiny", "mnist_noattn", "rgb_attn2", "groups32")
        .flatMap(name -> TestedBackend.here().map(backend -> Arguments.of(name, backend)));
  }

  /** The network of a golden file, with its weights. */
  static Dl4jNetwork load(GoldenFile golden, TestedBackend backend) {
    Dl4jNetwork model =
        Dl4jNetwork.create(GoldenNetworks.labml(golden), 1, TorchAdam.constant(2e-5));
    model.use(backend.backend());
    float[] flat = new float[(int) layout(model).size()];
    for (ParameterLayout.Entry tensor : layout(model).tensors()) {
      assertThat(golden.shape(tensor.name()))
          .as(tensor.name())
          .isEqualTo(tensor.shape().stream().mapToLong(Integer::longValue).toArray());
      layout(model).fromStateDict(tensor, golden.values(tensor.name()), flat);
    }
    model.setParameters(flat);
    return model;
  }

  private static ParameterLayout layout(Dl4jNetwork model) {
    return ParameterLayout.of(model.architecture());
  }

  private static double gradientStep(Dl4jNetwork model, GoldenFile golden) {
    float[] timesteps = golden.values("t");
    return model.computeGradient(
        Batch.unconditional(timesteps.length, golden.image("x_t"), timesteps),
        golden.image("noise"),
        null,
        new long[timesteps.length]);
  }

  @ParameterizedTest
  @MethodSource("networks")
  void predictsTheSameNoise(String name, TestedBackend backend) {
    GoldenFile golden = GoldenFile.open(name);
    Dl4jNetwork model = load(golden, backend);
    float[] timesteps = golden.values("t");
    float[] epsilon = new float[golden.values("x_t").length];

    model.predict(Batch.unconditional(timesteps.length, golden.image("x_t"), timesteps), epsilon);

    assertThat(epsilon).containsExactly(golden.image("eps_theta"), within((float) PREDICTION));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void hasTheSameLossAndGradients(String name, TestedBackend backend) {
    GoldenFile golden = GoldenFile.open(name);
    Dl4jNetwork model = load(golden, backend);

    double loss = gradientStep(model, golden);

    assertThat(loss).isCloseTo(golden.values("loss")[0], within(LOSS));
    float[] flat = model.graph().getFlattenedGradients().toFloatVector();
    double floor = NETWORK_FLOOR * largestGradient(model, golden);
    List<String> wrong = new ArrayList<>();
    for (ParameterLayout.Entry tensor : layout(model).tensors()) {
      float[] actual = layout(model).toStateDict(tensor, flat);
      float[] expected =
          golden.has("grad." + tensor.name()) && !vanishes(tensor.name(), golden)
              ? golden.values("grad." + tensor.name())
              : new float[actual.length];
      double scale = Math.max(floor, largest(expected));
      double error = largestDifference(actual, expected) / scale;
      if (!(error <= GRADIENT)) {
        wrong.add(tensor.name() + ": " + error);
      }
    }
    assertThat(wrong).isEmpty();
  }

  /**
   * Whether a gradient is zero in theory, and no more than rounding in the golden file: what is
   * added before a normalisation with one channel per group is subtracted with its mean.
   */
  private static boolean vanishes(String name, GoldenFile golden) {
    boolean oneChannelPerGroup =
        golden.number("n_channels") == golden.number("n_groups")
            && golden.metadata("ch_mults").equals("1,1");
    return oneChannelPerGroup && (name.endsWith("conv1.bias") || name.contains("time_emb"));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void hasTheSameParametersAfterOneAndThreeStepsOfAdam(String name, TestedBackend backend) {
    GoldenFile golden = GoldenFile.open(name);
    Dl4jNetwork model = load(golden, backend);
    for (int step = 1; step <= 3; step++) {
      gradientStep(model, golden);
      model.update(0);
      if (step != 2) {
        compareParameters(model, golden, "adam" + step + ".");
      }
    }
  }

  private static void compareParameters(Dl4jNetwork model, GoldenFile golden, String prefix) {
    float[] flat = model.parameters();
    double floor = NETWORK_FLOOR * largestGradient(model, golden);
    int compared = 0;
    for (ParameterLayout.Entry tensor : layout(model).tensors()) {
      if (!golden.has(prefix + tensor.name())) {
        continue;
      }
      float[] gradient =
          golden.has("grad." + tensor.name())
              ? golden.values("grad." + tensor.name())
              : new float[tensor.length()];
      float[] expected = golden.values(prefix + tensor.name());
      float[] actual = layout(model).toStateDict(tensor, flat);
      for (int i = 0; i < expected.length; i++) {
        if (Math.abs(gradient[i]) > floor) {
          assertThat(actual[i])
              .as(prefix + tensor.name() + "[" + i + "]")
              .isCloseTo(expected[i], within((float) ADAM));
          compared++;
        }
      }
    }
    assertThat(compared).isGreaterThan((int) layout(model).size() / 4);
  }

  private static double largestGradient(Dl4jNetwork model, GoldenFile golden) {
    return layout(model).tensors().stream()
        .filter(tensor -> golden.has("grad." + tensor.name()))
        .mapToDouble(tensor -> largest(golden.values("grad." + tensor.name())))
        .max()
        .orElseThrow();
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static double largestDifference(float[] actual, float[] expected) {
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    }
    return largest;
  }
}
