package dev.ddpm.backend.convolution;

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
import dev.ddpm.backend.cpu.onednn.OneDnn;
import dev.ddpm.backend.cpu.onednn.OneDnnConvolution;
import dev.ddpm.backend.cpu.onednn.OneDnnTransposedConvolution;
import dev.ddpm.backend.nd4j.NativeConvolution;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.PortableBackend;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;

/** All ways to convolve agree. */
class ConvolutionTest {
  private static final double TOLERANCE = 1e-12;

  private static final Nd4jEngine DOUBLES = new PortableBackend().create(Precision.FLOAT64);
  private static final Nd4jEngine FLOATS = TestedBackend.CPU.engine();

  private static Tensor random(int number, long... shape) {
    Tensor tensor = DOUBLES.allocate(shape);
    float[] values = new float[tensor.length()];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, number, 0, values, 0, values.length);
    tensor.upload(IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray());
    return tensor;
  }

  private static double[] values(Tensor tensor) {
    return Nd4jEngine.array(tensor).reshape('c', new long[] {tensor.length()}).toDoubleVector();
  }

  private static final String SIZES =
      """
      1, 1, 1
      2, 4, 4
      3, 1, 5
      2, 2, 1
      1, 3, 2
      """;

  private interface Way {
    ConvolutionOp of(ConvolutionShape shape, Engine engine, Weight weight);
  }

  @ParameterizedTest
  @CsvSource(textBlock = SIZES)
  void nineProductsAreTheNativeConvolution(int batch, int height, int width) {
    assertNative(TapConvolution::new, new ConvolutionShape(batch, height, width, 3, 5, 1));
  }

  @ParameterizedTest
  @CsvSource(textBlock = SIZES)
  void theProductToWindowsIsTheNativeConvolution(int batch, int height, int width) {
    assertNative(NarrowOutputConvolution::new, new ConvolutionShape(batch, height, width, 5, 3, 1));
    assertNative(NarrowOutputConvolution::new, new ConvolutionShape(batch, height, width, 8, 1, 1));
  }

  @ParameterizedTest
  @CsvSource({
    "2, 8, 8, 16, 32, 1",
    "1, 9, 13, 24, 8, 1",
    "2, 5, 5, 16, 16, 1",
    "3, 8, 8, 16, 32, 2",
    "2, 5, 7, 3, 20, 1",
    "1, 1, 1, 5, 7, 2"
  })
  void oneDnnIsTheNativeConvolution(int batch, int height, int width, int in, int out, int stride) {
    OneDnn library = OneDnn.create().orElse(null);
    assumeTrue(library != null, "no oneDNN for this machine");
    ConvolutionShape shape = new ConvolutionShape(batch, height, width, in, out, stride);
    Tensor x = single(random(0, shape.input()));
    Tensor weight = single(random(1, 3, 3, in, out));
    Tensor bias = single(random(2, out));
    Tensor dy = single(random(3, shape.output()));
    Tensor gradient = FLOATS.allocate(3, 3, in, out);
    double[][][] results = new double[2][][];
    for (int i = 0; i < 2; i++) {
      ConvolutionOp convolution =
          i == 0
              ? new NativeConvolution(shape, new Weight(weight, gradient))
              : new OneDnnConvolution(library, shape, new Weight(weight, gradient));
      Tensor y = FLOATS.allocate(shape.output());
      Tensor biased = FLOATS.allocate(shape.output());
      Tensor dx = FLOATS.allocate(shape.input());
      convolution.forward(x, null, y);
      convolution.forward(x, bias, biased);
      convolution.backward(x, dy, dx);
      results[i] = new double[][] {values(y), values(biased), values(dx), values(gradient)};
    }
    for (int i = 0; i < results[0].length; i++) {
      assertClose(results[1][i], results[0][i]);
    }
  }

  /** With strides, odd sizes, and as a transposed convolution. */
  @ParameterizedTest
  @CsvSource({"4, 5, 5, 64, 48, 1", "2, 8, 8, 16, 32, 2", "2, 5, 7, 3, 20, 1"})
  void constantWeightsAreReadOnce(int batch, int height, int width, int in, int out, int stride) {
    OneDnn library = OneDnn.create().orElse(null);
    assumeTrue(library != null, "no oneDNN for this machine");
    library.keepWeights();
    ConvolutionShape shape = new ConvolutionShape(batch, height, width, in, out, stride);
    Tensor x = single(random(0, shape.input()));
    Tensor weight = single(random(1, 3, 3, in, out));
    Tensor bias = single(random(2, out));
    Tensor dy = single(random(3, shape.output()));
    Tensor y = FLOATS.allocate(shape.output());
    Tensor dx = FLOATS.allocate(shape.input());
    Tensor expectedY = FLOATS.allocate(shape.output());
    Tensor expectedDx = FLOATS.allocate(shape.input());
    Tensor gradient = FLOATS.allocate(3, 3, in, out);
    new NativeConvolution(shape, new Weight(weight, gradient)).forward(x, bias, expectedY);
    new NativeConvolution(shape, new Weight(weight, gradient)).backward(x, dy, expectedDx);

    ConvolutionOp convolution = new OneDnnConvolution(library, shape, new Weight(weight, null));
    ConvolutionOp transposed =
        new OneDnnTransposedConvolution(
            library, FLOATS.kernels(), shape, 3, new Weight(weight, null));
    for (int pass = 0; pass < 2; pass++) {
      convolution.forward(x, bias, y);
      transposed.forward(dy, null, dx);
      FLOATS.kernels().clear(weight);
    }

    assertClose(values(y), values(expectedY));
    assertClose(values(dx), values(expectedDx));
  }

  /** What is kept for one batch size serves another: weights that are gone are not missed. */
  @Test
  void batchSizesShareWhatIsKept() {
    OneDnn library = OneDnn.create().orElse(null);
    assumeTrue(library != null, "no oneDNN for this machine");
    library.keepWeights();
    Tensor weight = single(random(1, 3, 3, 32, 32));
    ConvolutionShape four = new ConvolutionShape(4, 16, 16, 32, 32, 1);
    Tensor x = single(random(0, four.input()));
    Tensor y = FLOATS.allocate(four.output());
    ConvolutionShape two = new ConvolutionShape(2, 16, 16, 32, 32, 1);
    Tensor half = FLOATS.allocate(two.output());

    new OneDnnConvolution(library, four, new Weight(weight, null)).forward(x, null, y);
    FLOATS.kernels().clear(weight);
    new OneDnnConvolution(library, two, new Weight(weight, null)).forward(x, null, half);

    assertClose(values(half), Arrays.copyOf(values(y), half.length()));
  }

  private static void assertClose(double[] actual, double[] expected) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-5 * largest));
    }
  }

  private static Tensor single(Tensor values) {
    return FLOATS.tensor(Nd4jEngine.array(values).castTo(DataType.FLOAT));
  }

  private static void assertNative(Way way, ConvolutionShape shape) {
    Tensor x = random(0, shape.input());
    Tensor weight = random(1, 3, 3, shape.in(), shape.out());
    Tensor bias = random(2, shape.out());
    Tensor dy = random(3, shape.output());
    Tensor[] gradients = {
      random(4, 3, 3, shape.in(), shape.out()), random(5, 3, 3, shape.in(), shape.out())
    };
    ConvolutionOp[] ways = {
      new NativeConvolution(shape, new Weight(weight, gradients[0])),
      way.of(shape, DOUBLES, new Weight(weight, gradients[1]))
    };
    double[][] y = new double[2][];
    double[][] dx = new double[2][];
    for (int i = 0; i < ways.length; i++) {
      Tensor result = random(6, shape.output());
      ways[i].forward(x, bias, result);
      y[i] = values(result);
      Tensor inputGradient = random(7, shape.input());
      ways[i].backward(x, dy, inputGradient);
      dx[i] = values(inputGradient);
    }
    assertThat(y[1]).containsExactly(y[0], within(TOLERANCE));
    assertThat(dx[1]).containsExactly(dx[0], within(TOLERANCE));
    assertThat(values(gradients[1])).containsExactly(values(gradients[0]), within(TOLERANCE));
  }

  @Test
  void theWayFollowsFromTheSizes() {
    assertThat(chosen(4, 4, 256, 256, 1)).isInstanceOf(TapConvolution.class);
    assertThat(chosen(4, 4, 256, 256, 2)).isInstanceOf(NativeConvolution.class);
    assertThat(chosen(8, 8, 256, 256, 1)).isInstanceOf(NativeConvolution.class);
    assertThat(chosen(4, 4, 16, 16, 1)).isInstanceOf(NativeConvolution.class);
    assertThat(chosen(32, 32, 3, 64, 1)).isInstanceOf(NativeConvolution.class);
    assertThat(chosen(32, 32, 64, 3, 1)).isInstanceOf(NarrowOutputConvolution.class);
  }

  private static ConvolutionOp chosen(int height, int width, int in, int out, int stride) {
    ConvolutionShape shape = new ConvolutionShape(1, height, width, in, out, stride);
    Engine engine = TestedBackend.PORTABLE.engine();
    return engine.convolution(shape, new Weight(engine.allocate(3, 3, in, out), null));
  }
}
