package dev.ddpm.network.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Sinusoids;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.TestedEngine;
import dev.ddpm.backend.Weight;
import dev.ddpm.golden.GoldenFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Single layers against libtorch, on every back end. */
class GoldenLayerTest {
  private static final float OUTPUT = 2e-5f;
  private static final double GRADIENT = 2e-4;
  private static final double EPSILON = 1e-5;

  private static final GoldenFile GOLDEN = GoldenFile.open("layers");

  private final List<Engine> engines = new ArrayList<>();

  private BlockHarness harness(BlockSpec spec, TestedEngine backend) {
    Engine engine = backend.open();
    engines.add(engine);
    return new BlockHarness(spec, engine);
  }

  /** A block whose tensors are those of another. */
  private static BlockHarness beside(BlockHarness harness, BlockSpec spec) {
    return new BlockHarness(spec, harness.engine);
  }

  /** An emulated card finds then what was written past the end of memory. */
  @AfterEach
  void close() {
    engines.forEach(Engine::close);
  }

  private static Tensor image(BlockHarness harness, String name) {
    return harness.tensor(GOLDEN.image(name), GOLDEN.imageShape(name));
  }

  private static float[] flat(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  private static void assertOutput(Tensor actual, float[] expected) {
    assertThat(flat(actual)).containsExactly(expected, within(OUTPUT));
  }

  private static void assertGradient(String what, float[] actual, float[] expected) {
    double largest = 1e-4;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertThat(actual).as(what).containsExactly(expected, within((float) (GRADIENT * largest)));
  }

  private static void setParameters(BlockHarness harness, String prefix) {
    for (Parameter parameter : harness.parameters()) {
      harness.set(parameter.name(), GOLDEN.values(prefix + parameter.name()));
    }
  }

  private static void assertParameterGradients(BlockHarness harness, String prefix) {
    for (Parameter parameter : harness.parameters()) {
      String key = prefix + "d_" + parameter.name();
      float[] expected = GOLDEN.has(key) ? GOLDEN.values(key) : new float[(int) parameter.length()];
      assertGradient(parameter.name(), harness.gradient(parameter.name()), expected);
    }
  }

  static Stream<Arguments> imageBlocks() {
    return Stream.of(
            Arguments.of("conv3x3", new ConvolutionBlock.Spec(3, 5, 1)),
            Arguments.of("conv_s2_even", new ConvolutionBlock.Spec(4, 4, 2)),
            Arguments.of("conv_s2_odd", new ConvolutionBlock.Spec(3, 5, 2)),
            Arguments.of("convt_same", new UpsampleBlock.Spec(4, 4)),
            Arguments.of("convt_3to5", new UpsampleBlock.Spec(3, 5)),
            Arguments.of("attn_c16", new AttentionBlock.Spec(16, 1)),
            Arguments.of("attn_c32", new AttentionBlock.Spec(32, 1)),
            Arguments.of("attn_c16_2heads", new AttentionBlock.Spec(16, 2)))
        .flatMap(GoldenLayerTest::onAllBackends);
  }

  private static Stream<Arguments> onAllBackends(Arguments arguments) {
    return Arrays.stream(TestedEngine.values())
        .map(choice -> Arguments.of(arguments.get()[0], arguments.get()[1], choice));
  }

  @ParameterizedTest
  @MethodSource("imageBlocks")
  void blocksOfOneImage(String name, BlockSpec spec, TestedEngine backend) {
    BlockHarness harness = harness(spec, backend);
    setParameters(harness, name + ".");
    Tensor[] inputs = {image(harness, name + ".x")};

    assertOutput(harness.block.forward(inputs, false), GOLDEN.image(name + ".y"));
    assertOutput(harness.block.forward(inputs, true), GOLDEN.image(name + ".y"));
    Tensor[] gradients = harness.block.backward(image(harness, name + ".dy"));
    assertGradient("x", flat(gradients[0]), GOLDEN.image(name + ".d_x"));
    assertParameterGradients(harness, name + ".");
  }

  static Stream<Arguments> residualBlocks() {
    return Stream.of(
            Arguments.of("res_same", new ResidualBlock.Spec(16, 0, 16, 24, 8, EPSILON, 0, 0)),
            Arguments.of("res_project", new ResidualBlock.Spec(24, 0, 16, 24, 8, EPSILON, 0, 0)))
        .flatMap(GoldenLayerTest::onAllBackends);
  }

  /** The block takes swish of the embedding, so its gradient is taken through a swish block. */
  @ParameterizedTest
  @MethodSource("residualBlocks")
  void residualBlocks(String name, BlockSpec spec, TestedEngine backend) {
    BlockHarness harness = harness(spec, backend);
    setParameters(harness, name + ".");
    BlockHarness swish = beside(harness, new SwishBlock.Spec());
    Tensor embedding = harness.tensor(GOLDEN.values(name + ".t_emb"), 2, 24);
    Tensor time = swish.block.forward(new Tensor[] {embedding}, true);
    Tensor[] inputs = {image(harness, name + ".x"), time, harness.keys(0, 0)};

    assertOutput(harness.block.forward(inputs, false), GOLDEN.image(name + ".y"));
    assertOutput(harness.block.forward(inputs, true), GOLDEN.image(name + ".y"));
    Tensor[] gradients = harness.block.backward(image(harness, name + ".dy"));
    assertGradient("x", flat(gradients[0]), GOLDEN.image(name + ".d_x"));
    Tensor dEmbedding = swish.block.backward(gradients[1])[0];
    assertGradient("t_emb", flat(dEmbedding), GOLDEN.values(name + ".d_t_emb"));
    assertParameterGradients(harness, name + ".");
  }

  /** The same block with its input in two parts, as on the way up. */
  @ParameterizedTest
  @EnumSource(TestedEngine.class)
  void residualBlockWithSkippedImage(TestedEngine backend) {
    BlockHarness harness =
        harness(new ResidualBlock.Spec(17, 7, 16, 24, 8, EPSILON, 0, 0), backend);
    setParameters(harness, "res_project.");
    BlockHarness swish = beside(harness, new SwishBlock.Spec());
    Tensor embedding = harness.tensor(GOLDEN.values("res_project.t_emb"), 2, 24);
    Tensor time = swish.block.forward(new Tensor[] {embedding}, true);
    Kernels parts = harness.engine.kernels();
    Tensor current = harness.engine.allocate(2, 5, 6, 17);
    Tensor skip = harness.engine.allocate(2, 5, 6, 7);
    parts.split(image(harness, "res_project.x"), current, skip);
    Tensor[] inputs = {current, skip, time, harness.keys(0, 0)};

    assertOutput(harness.block.forward(inputs, true), GOLDEN.image("res_project.y"));
    Tensor[] gradients = harness.block.backward(image(harness, "res_project.dy"));
    Tensor both = harness.engine.allocate(2, 5, 6, 24);
    parts.concatenate(gradients[0], gradients[1], both);
    assertGradient("x", flat(both), GOLDEN.image("res_project.d_x"));
    assertParameterGradients(harness, "res_project.");
  }

  static Stream<Arguments> timeEmbeddings() {
    return Stream.of(8, 16, 32, 64)
        .flatMap(n -> Arrays.stream(TestedEngine.values()).map(c -> Arguments.of(n, c)));
  }

  @ParameterizedTest
  @MethodSource("timeEmbeddings")
  void timeEmbedding(int channels, TestedEngine backend) {
    String prefix = "time" + channels + ".";
    BlockHarness harness = harness(new TimeEmbeddingBlock.Spec(4 * channels), backend);
    setParameters(harness, prefix);
    Tensor timesteps = harness.tensor(GOLDEN.values(prefix + "t"), 5, 1);
    Tensor encoding = harness.engine.allocate(5, channels);
    Sinusoids sinusoids = new Sinusoids(channels, 1, false, Precision.FLOAT32);
    harness.engine.kernels().encode(sinusoids, timesteps, encoding);
    // libtorch's exp is off by up to one unit in the last place of a frequency, times t = 999
    assertThat(flat(encoding))
        .containsExactly(GOLDEN.values(prefix + "sinusoid"), within(999 * Math.ulp(0.9f)));

    Tensor y = harness.block.forward(new Tensor[] {timesteps}, true);
    assertOutput(y, GOLDEN.values(prefix + "y"));
    harness.block.backward(harness.tensor(GOLDEN.values(prefix + "dy"), 5, 4L * channels));
    assertParameterGradients(harness, prefix);
  }

  static Stream<Arguments> groupNorms() {
    return Stream.of(
            Arguments.of("gn8_c16", 8),
            Arguments.of("gn8_c48", 8),
            Arguments.of("gn8_c8", 8),
            Arguments.of("gn32_c32", 32),
            Arguments.of("gn32_c96", 32),
            Arguments.of("gn8_c16_offset", 8),
            Arguments.of("gn8_c48_1x1", 8),
            Arguments.of("gn8_constant", 8))
        .flatMap(GoldenLayerTest::onAllBackends);
  }

  @ParameterizedTest
  @MethodSource("groupNorms")
  void groupNorm(String name, int groups, TestedEngine backend) {
    BlockHarness harness = harness(new SwishBlock.Spec(), backend);
    Tensor x = image(harness, name + ".x");
    int channels = x.columns();
    int batch = x.size(0);
    GroupNorm shape = new GroupNorm(batch, x.rows() / batch, channels, groups, EPSILON, false);
    Tensor gamma = harness.tensor(GOLDEN.values(name + ".weight"), channels);
    Tensor beta = harness.tensor(GOLDEN.values(name + ".bias"), channels);
    Tensor y = harness.engine.allocate(x.shape());
    Tensor dx = harness.engine.allocate(x.shape());
    Tensor dGamma = harness.engine.allocate(channels);
    Tensor dBeta = harness.engine.allocate(channels);
    GroupNormOp norm =
        harness.engine.groupNorm(shape, new Weight(gamma, dGamma), new Weight(beta, dBeta), null);

    norm.forward(x, null, null, y);
    assertOutput(y, GOLDEN.image(name + ".y"));
    Tensor dy = image(harness, name + ".dy");
    norm.backward(x, null, null, dy, null, dx, null);
    assertGradient("x", flat(dx), GOLDEN.image(name + ".d_x"));
    assertGradient("weight", flat(dGamma), GOLDEN.values(name + ".d_weight"));
    assertGradient("bias", flat(dBeta), GOLDEN.values(name + ".d_bias"));
  }

  @ParameterizedTest
  @EnumSource(TestedEngine.class)
  void swish(TestedEngine backend) {
    BlockHarness harness = harness(new SwishBlock.Spec(), backend);
    Tensor[] inputs = {harness.tensor(GOLDEN.values("swish.x"), 108)};
    assertOutput(harness.block.forward(inputs, true), GOLDEN.values("swish.y"));
    Tensor dx = harness.block.backward(harness.tensor(GOLDEN.values("swish.dy"), 108))[0];
    assertGradient("x", flat(dx), GOLDEN.values("swish.d_x"));
  }

  @ParameterizedTest
  @EnumSource(TestedEngine.class)
  void meanSquaredError(TestedEngine backend) {
    BlockHarness harness = harness(new SwishBlock.Spec(), backend);
    Tensor prediction = harness.tensor(GOLDEN.values("mse.a"), 96);
    Tensor target = harness.tensor(GOLDEN.values("mse.b"), 96);
    Tensor gradient = harness.engine.allocate(96);
    double loss =
        harness.engine.kernels().meanSquaredError(prediction, target, gradient).getAsDouble();
    assertThat(loss).isCloseTo(GOLDEN.values("mse.y")[0], within(1e-5));
    float[] scaled = flat(gradient);
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= GOLDEN.values("mse.dy")[0];
    }
    assertGradient("a", scaled, GOLDEN.values("mse.d_a"));
  }

  @ParameterizedTest
  @EnumSource(TestedEngine.class)
  void linear(TestedEngine backend) {
    Parameter[] parameters = Parameter.linear("linear", 6, 4).toArray(Parameter[]::new);
    float[] stored = new float[28];
    parameters[0].store(GOLDEN.values("linear.weight"), stored, 0);
    parameters[1].store(GOLDEN.values("linear.bias"), stored, 24);
    BlockHarness harness = harness(new SwishBlock.Spec(), backend);
    Tensor flatGradient = harness.engine.allocate(28);
    BlockParameters views =
        new BlockParameters(List.of(parameters), harness.tensor(stored, 28), flatGradient);
    Linear linear = new Linear(harness.engine, views, "linear", 3);
    Tensor x = harness.tensor(GOLDEN.values("linear.x"), 3, 6);
    Tensor y = harness.engine.allocate(3, 4);
    Tensor dy = harness.tensor(GOLDEN.values("linear.dy"), 3, 4);
    Tensor dx = harness.engine.allocate(3, 6);

    linear.forward(x, y);
    linear.parameterGradients(x, dy);
    linear.inputGradient(dy, dx);

    assertOutput(y, GOLDEN.values("linear.y"));
    assertGradient("x", flat(dx), GOLDEN.values("linear.d_x"));
    float[] dWeight = new float[24];
    parameters[0].load(flat(flatGradient), 0, dWeight);
    assertGradient("weight", dWeight, GOLDEN.values("linear.d_weight"));
    float[] dBias = new float[4];
    parameters[1].load(flat(flatGradient), 24, dBias);
    assertGradient("bias", dBias, GOLDEN.values("linear.d_bias"));
  }
}
