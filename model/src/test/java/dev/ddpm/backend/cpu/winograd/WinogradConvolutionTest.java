package dev.ddpm.backend.cpu.winograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.CpuBackend;
import dev.ddpm.backend.cpu.CpuKernels;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import dev.ddpm.backend.cpu.onednn.OneDnnConvolution;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import org.bytedeco.dnnl.global.dnnl;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Winograd's algorithm gives what the definition of a convolution gives in float64. */
class WinogradConvolutionTest {
  /** Of the largest value. */
  private static final double TOLERANCE = 5e-6;

  /** The same for sums over hundreds of pixels. */
  private static final double GRADIENT_TOLERANCE = 1e-5;

  private Engine engine;
  private TileTransforms transforms;

  @BeforeEach
  void onTheCpu() {
    assumeTrue(!Nd4jNatives.isGpu(), "the tensors of a GPU are elsewhere");
    engine = TestedBackend.CPU.engine();
    transforms = ((CpuKernels) engine.kernels()).tileTransforms();
  }

  /**
   * Whole and overhanging tiles, less than one, several parts with a rest, odd chunks, more
   * channels than are worked on at once, and rows of tiles too long for one strip.
   */
  @ParameterizedTest
  @CsvSource({
    "2, 8, 8, 32, 32",
    "3, 28, 28, 64, 64",
    "2, 14, 14, 128, 32",
    "5, 7, 7, 32, 80",
    "2, 9, 13, 16, 48",
    "7, 4, 4, 96, 64",
    "1, 3, 2, 16, 16",
    "1, 1, 1, 16, 16",
    "1, 5, 3, 144, 16",
    "2, 8, 8, 144, 208",
    "1, 5, 7, 16, 272",
    "1, 6, 121, 16, 32",
    "1, 4, 45, 80, 64",
    "11, 32, 32, 16, 16"
  })
  void isTheConvolution(int batch, int height, int width, int in, int out) {
    ConvolutionShape shape = new ConvolutionShape(batch, height, width, in, out, 1);
    Tensor x = random(0, shape.input());
    Tensor weight = random(1, 3, 3, in, out);
    Tensor bias = random(2, out);
    Tensor dy = random(3, shape.output());
    Tensor y = random(4, shape.output());
    Tensor dx = random(5, shape.input());
    Tensor gradient = random(6, 3, 3, in, out);
    ConvolutionOp convolution = winograd(shape, new WinogradMemory(), new Weight(weight, gradient));
    Reference expected = Reference.of(shape, values(x), values(weight), values(dy));

    convolution.forward(x, null, y);
    assertClose(values(y), expected.y, TOLERANCE);
    convolution.backward(x, dy, dx);
    assertClose(values(dx), expected.dx, TOLERANCE);
    assertClose(values(gradient), expected.gradient, GRADIENT_TOLERANCE);

    convolution.forward(x, bias, y);
    float[] biases = values(bias);
    double[] biased = expected.y.clone();
    for (int i = 0; i < biased.length; i++) {
      biased[i] += biases[i % out];
    }
    assertClose(values(y), biased, TOLERANCE);
  }

  /** Memory is shared, and moves when a larger convolution comes. */
  @Test
  void convolutionsShareMemory() {
    WinogradMemory memory = new WinogradMemory();
    ConvolutionShape small = new ConvolutionShape(1, 8, 8, 32, 32, 1);
    ConvolutionShape large = new ConvolutionShape(2, 8, 8, 64, 48, 1);
    Tensor smallX = random(0, small.input());
    Tensor smallWeight = random(1, 3, 3, 32, 32);
    Tensor largeX = random(2, large.input());
    Tensor largeWeight = random(3, 3, 3, 64, 48);
    Tensor smallY = engine.allocate(small.output());
    Tensor largeY = engine.allocate(large.output());
    ConvolutionOp first = winograd(small, memory, new Weight(smallWeight, null));
    first.forward(smallX, null, smallY);
    ConvolutionOp second = winograd(large, memory, new Weight(largeWeight, null));
    for (int pass = 0; pass < 2; pass++) {
      second.forward(largeX, null, largeY);
      engine.kernels().clear(smallY);
      first.forward(smallX, null, smallY);
    }

    assertClose(
        values(smallY),
        Reference.of(small, values(smallX), values(smallWeight), new float[smallY.length()]).y,
        TOLERANCE);
    assertClose(
        values(largeY),
        Reference.of(large, values(largeX), values(largeWeight), new float[largeY.length()]).y,
        TOLERANCE);
  }

  /** Also for another batch size. */
  @Test
  void constantWeightsAreReadOnce() {
    WinogradMemory memory = new WinogradMemory();
    memory.keepWeights();
    ConvolutionShape shape = new ConvolutionShape(2, 8, 8, 32, 32, 1);
    Tensor x = random(0, shape.input());
    Tensor weight = random(1, 3, 3, 32, 32);
    Tensor y = engine.allocate(shape.output());
    ConvolutionShape single = new ConvolutionShape(1, 8, 8, 32, 32, 1);
    Tensor half = engine.allocate(single.output());
    double[] expected = Reference.of(shape, values(x), values(weight), new float[y.length()]).y;

    ConvolutionOp convolution = winograd(shape, memory, new Weight(weight, null));
    convolution.forward(x, null, y);
    engine.kernels().clear(weight);
    convolution.forward(x, null, y);
    winograd(single, memory, new Weight(weight, null)).forward(x, null, half);

    assertClose(values(y), expected, TOLERANCE);
    assertClose(values(half), Arrays.copyOf(expected, half.length()), TOLERANCE);
  }

  @ParameterizedTest
  @CsvSource({
    "32, 32, 32, 32, 1, true, true",
    "28, 28, 64, 64, 1, true, true",
    "7, 7, 512, 512, 1, true, true",
    "8, 8, 1024, 512, 1, true, true",
    "4, 4, 128, 256, 1, true, true",
    "4, 4, 256, 256, 1, false, true",
    "4, 4, 512, 512, 1, false, true",
    "4, 4, 1024, 512, 1, false, true",
    "4, 4, 4096, 4096, 1, false, false",
    "6, 6, 512, 256, 1, true, true",
    "5, 5, 64, 64, 1, false, false",
    "4, 3, 64, 64, 1, false, false",
    "16, 16, 16, 32, 1, true, true",
    "16, 16, 8, 32, 1, false, false",
    "16, 16, 40, 32, 1, false, false",
    "16, 16, 32, 1, 1, false, false",
    "16, 16, 64, 64, 2, false, false",
    "8, 8, 4096, 4096, 1, false, false"
  })
  void isUsedWhereItIsFaster(
      int height, int width, int in, int out, int stride, boolean trained, boolean pretrained) {
    ConvolutionShape shape = new ConvolutionShape(4, height, width, in, out, stride);

    assertThat(WinogradConvolution.suits(shape, false)).isEqualTo(trained);
    assertThat(WinogradConvolution.suits(shape, true)).isEqualTo(pretrained);
  }

  @Test
  void servesFloat32() {
    assumeTrue(OneDnn.create().isPresent(), "no oneDNN for this machine");

    assertThat(chosen(engine)).isInstanceOf(WinogradConvolution.class);
  }

  /** Factors of 8 bits would lose more in the transforms than a product does. */
  @Test
  void leavesBfloat16ToOneDnn() {
    assumeTrue(OneDnn.hasBfloat16(), "no bfloat16 on this machine");

    assertThat(chosen(new CpuBackend().create(Precision.BFLOAT16)))
        .isInstanceOf(OneDnnConvolution.class);
  }

  private static ConvolutionOp chosen(Engine engine) {
    ConvolutionShape shape = new ConvolutionShape(2, 8, 8, 32, 32, 1);
    return engine.convolution(shape, new Weight(engine.allocate(3, 3, 32, 32), null));
  }

  /** The build runs these and the golden tests a second time so. */
  @Test
  @EnabledIfEnvironmentVariable(named = "DNNL_MAX_CPU_ISA", matches = "AVX2")
  void servesWhereAvx512IsForbidden() {
    assertThat(new CpuBackend().describe(Precision.FLOAT32)).doesNotContain("512 bits");
    assertThat(dnnl.dnnl_get_effective_cpu_isa() & dnnl.dnnl_cpu_isa_avx512_core)
        .isNotEqualTo(dnnl.dnnl_cpu_isa_avx512_core);
    assertThat(chosen(engine)).isInstanceOf(WinogradConvolution.class);
  }

  private ConvolutionOp winograd(ConvolutionShape shape, WinogradMemory memory, Weight weight) {
    return new WinogradConvolution(shape, engine, transforms, memory, weight);
  }

  private Tensor random(int number, long... shape) {
    Tensor tensor = engine.allocate(shape);
    float[] values = new float[tensor.length()];
    CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, number, 0, values, 0, values.length);
    tensor.upload(values, 0);
    return tensor;
  }

  private static float[] values(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  private static void assertClose(float[] actual, double[] expected, double tolerance) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(tolerance * largest));
    }
  }

  /** Result and gradients by the definition. */
  private static final class Reference {
    private final double[] y;
    private final double[] dx;
    private final double[] gradient;

    private Reference(int results, int inputs, int weights) {
      y = new double[results];
      dx = new double[inputs];
      gradient = new double[weights];
    }

    static Reference of(ConvolutionShape shape, float[] x, float[] weight, float[] dy) {
      Reference sums = new Reference(dy.length, x.length, weight.length);
      for (int image = 0; image < shape.batch(); image++) {
        for (int row = 0; row < shape.height(); row++) {
          for (int column = 0; column < shape.width(); column++) {
            for (int tap = 0; tap < 9; tap++) {
              int down = row + tap / 3 - 1;
              int right = column + tap % 3 - 1;
              if (down >= 0 && down < shape.height() && right >= 0 && right < shape.width()) {
                int to = (image * shape.height() + row) * shape.width() + column;
                int from = (image * shape.height() + down) * shape.width() + right;
                sums.add(shape, from, to, tap, x, weight, dy);
              }
            }
          }
        }
      }
      return sums;
    }

    private void add(
        ConvolutionShape shape, int from, int to, int tap, float[] x, float[] weight, float[] dy) {
      for (int c = 0; c < shape.in(); c++) {
        int i = from * shape.in() + c;
        for (int k = 0; k < shape.out(); k++) {
          int w = (tap * shape.in() + c) * shape.out() + k;
          int o = to * shape.out() + k;
          y[o] += (double) x[i] * weight[w];
          dx[i] += (double) dy[o] * weight[w];
          gradient[w] += (double) x[i] * dy[o];
        }
      }
    }
  }
}
