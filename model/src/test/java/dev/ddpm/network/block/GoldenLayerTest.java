package dev.ddpm.network.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.KernelChoice;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.golden.GoldenFile;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Single layers against libtorch, with either kind of kernels. */
class GoldenLayerTest {
  private static final float OUTPUT = 2e-5f;
  private static final double GRADIENT = 2e-4;
  private static final double EPSILON = 1e-5;

  private static final GoldenFile GOLDEN = GoldenFile.open("layers");

  private static BlockHarness harness(BlockSpec spec, KernelChoice kernels) {
    return new BlockHarness(spec, DataType.FLOAT, kernels);
  }

  private static Tensor image(BlockHarness harness, String name) {
    return harness.tensor(GOLDEN.image(name), GOLDEN.imageShape(name));
  }

  private static float[] flat(Tensor tensor) {
    return tensor.array().reshape('c', new long[] {tensor.length()}).toFloatVector();
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
            Arguments.of("conv3x3", new BlockSpec.Convolution(3, 5, 1)),
            Arguments.of("conv_s2_even", new BlockSpec.Convolution(4, 4, 2)),
            Arguments.of("conv_s2_odd", new BlockSpec.Convolution(3, 5, 2)),
            Arguments.of("convt_same", new BlockSpec.Upsample(4, 4)),
            Arguments.of("convt_3to5", new BlockSpec.Upsample(3, 5)),
            Arguments.of("attn_c16", new BlockSpec.Attention(16, 1)),
            Arguments.of("attn_c32", new BlockSpec.Attention(32, 1)),
            Arguments.of("attn_c16_2heads", new BlockSpec.Attention(16, 2)))
        .flatMap(GoldenLayerTest::withBothKernels);
  }

  private static Stream<Arguments> withBothKernels(Arguments arguments) {
    return Arrays.stream(KernelChoice.values())
        .map(choice -> Arguments.of(arguments.get()[0], arguments.get()[1], choice));
  }

  @ParameterizedTest
  @MethodSource("imageBlocks")
  void blocksOfOneImage(String name, BlockSpec spec, KernelChoice kernels) {
    BlockHarness harness = harness(spec, kernels);
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
            Arguments.of("res_same", new BlockSpec.Residual(16, 0, 16, 24, 8, EPSILON, 0, 0)),
            Arguments.of("res_project", new BlockSpec.Residual(24, 0, 16, 24, 8, EPSILON, 0, 0)))
        .flatMap(GoldenLayerTest::withBothKernels);
  }

  /** The block takes swish of the embedding, so its gradient is taken through a swish block. */
  @ParameterizedTest
  @MethodSource("residualBlocks")
  void residualBlocks(String name, BlockSpec spec, KernelChoice kernels) {
    BlockHarness harness = harness(spec, kernels);
    setParameters(harness, name + ".");
    BlockHarness swish = harness(new BlockSpec.Swish(), kernels);
    Tensor embedding = harness.tensor(GOLDEN.values(name + ".t_emb"), 2, 24);
    Tensor time = swish.block.forward(new Tensor[] {embedding}, true);
    Tensor[] inputs = {image(harness, name + ".x"), time, BlockHarness.keys(0, 0)};

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
  @EnumSource(KernelChoice.class)
  void residualBlockWithSkippedImage(KernelChoice kernels) {
    BlockHarness harness =
        harness(new BlockSpec.Residual(17, 7, 16, 24, 8, EPSILON, 0, 0), kernels);
    setParameters(harness, "res_project.");
    BlockHarness swish = harness(new BlockSpec.Swish(), kernels);
    Tensor embedding = harness.tensor(GOLDEN.values("res_project.t_emb"), 2, 24);
    Tensor time = swish.block.forward(new Tensor[] {embedding}, true);
    Kernels parts = kernels.create();
    Tensor current = Tensor.zeros(DataType.FLOAT, 2, 5, 6, 17);
    Tensor skip = Tensor.zeros(DataType.FLOAT, 2, 5, 6, 7);
    parts.split(image(harness, "res_project.x"), current, skip);
    Tensor[] inputs = {current, skip, time, BlockHarness.keys(0, 0)};

    assertOutput(harness.block.forward(inputs, true), GOLDEN.image("res_project.y"));
    Tensor[] gradients = harness.block.backward(image(harness, "res_project.dy"));
    Tensor both = Tensor.zeros(DataType.FLOAT, 2, 5, 6, 24);
    parts.concatenate(gradients[0], gradients[1], both);
    assertGradient("x", flat(both), GOLDEN.image("res_project.d_x"));
    assertParameterGradients(harness, "res_project.");
  }

  static Stream<Arguments> timeEmbeddings() {
    return Stream.of(8, 16, 32, 64)
        .flatMap(n -> Arrays.stream(KernelChoice.values()).map(c -> Arguments.of(n, c)));
  }

  @ParameterizedTest
  @MethodSource("timeEmbeddings")
  void timeEmbedding(int channels, KernelChoice kernels) {
    String prefix = "time" + channels + ".";
    BlockHarness harness = harness(new BlockSpec.TimeEmbedding(4 * channels), kernels);
    setParameters(harness, prefix);
    Tensor timesteps = harness.tensor(GOLDEN.values(prefix + "t"), 5, 1);
    Tensor encoding = Tensor.zeros(DataType.FLOAT, 5, channels);
    new Sinusoid(channels, DataType.FLOAT).encode(timesteps, encoding);
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
        .flatMap(GoldenLayerTest::withBothKernels);
  }

  @ParameterizedTest
  @MethodSource("groupNorms")
  void groupNorm(String name, int groups, KernelChoice choice) {
    BlockHarness harness = harness(new BlockSpec.Swish(), choice);
    Tensor x = image(harness, name + ".x");
    int channels = x.columns();
    int batch = x.size(0);
    GroupNorm shape = new GroupNorm(batch, x.rows() / batch, channels, groups, EPSILON, false);
    Tensor gamma = harness.tensor(GOLDEN.values(name + ".weight"), channels);
    Tensor beta = harness.tensor(GOLDEN.values(name + ".bias"), channels);
    Tensor mean = Tensor.zeros(DataType.FLOAT, batch, groups);
    Tensor deviation = Tensor.zeros(DataType.FLOAT, batch, groups);
    Tensor y = Tensor.zeros(DataType.FLOAT, x.array().shape());
    Tensor dx = Tensor.zeros(DataType.FLOAT, x.array().shape());
    Tensor dGamma = Tensor.zeros(DataType.FLOAT, channels);
    Tensor dBeta = Tensor.zeros(DataType.FLOAT, channels);
    Kernels kernels = choice.create();

    kernels.groupNorm(shape, x, null, gamma, beta, null, null, y, mean, deviation);
    assertOutput(y, GOLDEN.image(name + ".y"));
    Tensor dy = image(harness, name + ".dy");
    kernels.groupNormBackward(
        shape, x, null, gamma, beta, null, null, mean, deviation, dy, null, dx, null, dGamma,
        dBeta);
    assertGradient("x", flat(dx), GOLDEN.image(name + ".d_x"));
    assertGradient("weight", flat(dGamma), GOLDEN.values(name + ".d_weight"));
    assertGradient("bias", flat(dBeta), GOLDEN.values(name + ".d_bias"));
  }

  @ParameterizedTest
  @EnumSource(KernelChoice.class)
  void swish(KernelChoice kernels) {
    BlockHarness harness = harness(new BlockSpec.Swish(), kernels);
    Tensor[] inputs = {harness.tensor(GOLDEN.values("swish.x"), 108)};
    assertOutput(harness.block.forward(inputs, true), GOLDEN.values("swish.y"));
    Tensor dx = harness.block.backward(harness.tensor(GOLDEN.values("swish.dy"), 108))[0];
    assertGradient("x", flat(dx), GOLDEN.values("swish.d_x"));
  }

  @ParameterizedTest
  @EnumSource(KernelChoice.class)
  void meanSquaredError(KernelChoice choice) {
    BlockHarness harness = harness(new BlockSpec.Swish(), choice);
    Tensor prediction = harness.tensor(GOLDEN.values("mse.a"), 96);
    Tensor target = harness.tensor(GOLDEN.values("mse.b"), 96);
    Tensor gradient = Tensor.zeros(DataType.FLOAT, 96);
    double loss = choice.create().meanSquaredError(prediction, target, gradient);
    assertThat(loss).isCloseTo(GOLDEN.values("mse.y")[0], within(1e-5));
    gradient.array().muli(GOLDEN.values("mse.dy")[0]);
    assertGradient("a", flat(gradient), GOLDEN.values("mse.d_a"));
  }

  @ParameterizedTest
  @EnumSource(KernelChoice.class)
  void linear(KernelChoice choice) {
    Parameter[] parameters = Parameter.linear("linear", 6, 4).toArray(Parameter[]::new);
    INDArray flat = Nd4j.create(DataType.FLOAT, 28);
    INDArray flatGradient = flat.dup();
    BlockParameters views = new BlockParameters(List.of(parameters), flat);
    views.bindGradients(flatGradient);
    float[] stored = new float[28];
    parameters[0].store(GOLDEN.values("linear.weight"), stored, 0);
    parameters[1].store(GOLDEN.values("linear.bias"), stored, 24);
    flat.assign(Nd4j.createFromArray(stored));
    BlockHarness harness = harness(new BlockSpec.Swish(), choice);
    Linear linear = new Linear(new BlockContext(DataType.FLOAT, choice), views, "linear");
    Tensor x = harness.tensor(GOLDEN.values("linear.x"), 3, 6);
    Tensor y = Tensor.zeros(DataType.FLOAT, 3, 4);
    Tensor dy = harness.tensor(GOLDEN.values("linear.dy"), 3, 4);
    Tensor dx = Tensor.zeros(DataType.FLOAT, 3, 6);

    linear.forward(x, y);
    linear.parameterGradients(x, dy);
    linear.inputGradient(dy, dx);

    assertOutput(y, GOLDEN.values("linear.y"));
    assertGradient("x", flat(dx), GOLDEN.values("linear.d_x"));
    float[] dWeight = new float[24];
    parameters[0].load(flatGradient.toFloatVector(), 0, dWeight);
    assertGradient("weight", dWeight, GOLDEN.values("linear.d_weight"));
    float[] dBias = new float[4];
    parameters[1].load(flatGradient.toFloatVector(), 24, dBias);
    assertGradient("bias", dBias, GOLDEN.values("linear.d_bias"));
  }
}
