package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.backend.Weight;
import dev.ddpm.bench.gpu.Limits;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products, convolutions and memory of a card give what the portable back end gives. */
class CudaEngineTest {
  private final EmulatedDevice device = new EmulatedDevice();

  @AfterEach
  void close() {
    device.close();
  }

  private static Tensor random(Engine engine, int number, long... shape) {
    Tensor tensor = engine.allocate(shape);
    float[] values = new float[tensor.length()];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, number, 0, values, 0, values.length);
    tensor.upload(values, 0);
    return tensor;
  }

  private static float[] values(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  private static void assertClose(List<float[]> actual, List<float[]> expected, double allowed) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      double largest =
          GoldenFile.largestDifference(expected.get(i), new float[expected.get(i).length]);
      assertThat(largest).isPositive();
      assertThat(GoldenFile.largestDifference(actual.get(i), expected.get(i)) / largest)
          .as("result %d", i)
          .isLessThan(allowed);
    }
  }

  private static Weight weight(Engine engine, long... shape) {
    return new Weight(random(engine, 1, shape), engine.allocate(shape));
  }

  private static List<float[]> passes(
      Engine engine, ConvolutionOp convolution, Weight weight, long[] in, long[] out) {
    Tensor x = random(engine, 0, in);
    Tensor dy = random(engine, 3, out);
    Tensor y = engine.allocate(out);
    Tensor biased = engine.allocate(out);
    Tensor dx = engine.allocate(in);
    convolution.forward(x, null, y);
    convolution.forward(x, random(engine, 2, out[3]), biased);
    convolution.backward(x, dy, dx);
    List<float[]> results = new ArrayList<>();
    for (Tensor result : new Tensor[] {y, biased, dx, weight.gradient()}) {
      results.add(values(result));
    }
    return results;
  }

  @ParameterizedTest
  @CsvSource({
    "2, 5, 7, 3, 5, 1, 1, FLOAT32",
    "1, 1, 1, 8, 16, 1, 1, FLOAT32",
    "2, 6, 8, 8, 16, 2, 0, FLOAT32",
    "2, 5, 7, 4, 4, 2, 1, FLOAT32",
    "2, 6, 5, 40, 36, 1, 1, TF32",
    "2, 6, 6, 8, 16, 1, 1, BFLOAT16",
    "2, 6, 8, 8, 16, 2, 0, BFLOAT16",
    "2, 6, 6, 3, 16, 1, 1, BFLOAT16"
  })
  void convolutions(
      int batch,
      int height,
      int width,
      int in,
      int out,
      int stride,
      int before,
      Precision precision) {
    ConvolutionShape shape = new ConvolutionShape(batch, height, width, in, out, stride, before);
    List<List<float[]>> results = new ArrayList<>();
    for (Engine engine :
        List.of(TestedBackend.PORTABLE.engine(), new CudaEngine(device, precision))) {
      Weight weight = weight(engine, 3, 3, in, out);
      results.add(
          passes(engine, engine.convolution(shape, weight), weight, shape.input(), shape.output()));
    }

    assertClose(results.get(1), results.get(0), Limits.ofOneSum(precision));
  }

  /** The twin: without the last rounding they are other results. */
  @ParameterizedTest
  @CsvSource({"2, 6, 6, 8, 16, 1, 1", "1, 5, 7, 16, 8, 2, 1", "2, 6, 8, 8, 16, 2, 0"})
  void convolutionsWhoseResultsAreWidened(
      int batch, int height, int width, int in, int out, int stride, int before) {
    ConvolutionShape shape = new ConvolutionShape(batch, height, width, in, out, stride, before);
    List<List<float[]>> results = new ArrayList<>();
    try (EmulatedDevice narrow = EmulatedDevice.narrow()) {
      for (EmulatedDevice one : List.of(device, narrow)) {
        Engine engine = new CudaEngine(one, Precision.BFLOAT16);
        Weight weight = weight(engine, 3, 3, in, out);
        results.add(
            passes(
                engine, engine.convolution(shape, weight), weight, shape.input(), shape.output()));
      }
    }

    // bfloat16 rounds by up to 2^−9 of a value, and a bias makes the largest value smaller
    assertClose(results.get(1), results.get(0), 0x1p-8);
    assertThat(results.get(1).get(0)).isNotEqualTo(results.get(0).get(0));
    assertThat(results.get(1).get(3)).isNotEqualTo(results.get(0).get(3));
  }

  /** Narrow convolutions are computed in float32 whatever the precision, others are not. */
  @Test
  void factorsAreRoundedWhereThePrecisionSaysSo() {
    for (int in : new int[] {3, 8}) {
      ConvolutionShape shape = new ConvolutionShape(1, 4, 4, in, 8, 1);
      List<List<float[]>> results = new ArrayList<>();
      for (Precision precision : new Precision[] {Precision.FLOAT32, Precision.BFLOAT16}) {
        Engine engine = new CudaEngine(device, precision);
        Weight weight = weight(engine, 3, 3, in, 8);
        results.add(
            passes(
                engine, engine.convolution(shape, weight), weight, shape.input(), shape.output()));
      }
      boolean same = java.util.Arrays.equals(results.get(0).get(0), results.get(1).get(0));
      assertThat(same).as("%d channels", in).isEqualTo(in == 3);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 6, 8, 5, 3, FLOAT32", "1, 8, 8, 8, 16, TF32", "2, 4, 6, 16, 8, BFLOAT16"})
  void transposedConvolutions(
      int batch, int height, int width, int in, int out, Precision precision) {
    ConvolutionShape transposed = new ConvolutionShape(batch, height, width, out, in, 2);
    List<List<float[]>> results = new ArrayList<>();
    for (Engine engine :
        List.of(TestedBackend.PORTABLE.engine(), new CudaEngine(device, precision))) {
      Weight weight = weight(engine, 4, 4, out, in);
      results.add(
          passes(
              engine,
              engine.transposedConvolution(transposed, 4, weight),
              weight,
              new long[] {batch, height / 2, width / 2, in},
              new long[] {batch, height, width, out}));
    }

    assertClose(results.get(1), results.get(0), Limits.ofOneSum(precision));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 5, 3, 7, false, false, false, FLOAT32",
    "3, 4, 5, 6, true, false, true, FLOAT32",
    "2, 8, 8, 16, false, true, false, TF32",
    "2, 8, 8, 16, true, true, true, BFLOAT16"
  })
  void products(
      int stack,
      int rows,
      int inner,
      int columns,
      boolean first,
      boolean second,
      boolean accumulate,
      Precision precision) {
    ProductShape shape =
        new ProductShape(stack, rows, inner, columns, first, second, 0.5, accumulate);
    int matrices = Math.max(1, stack);
    List<List<float[]>> results = new ArrayList<>();
    for (Engine engine :
        List.of(TestedBackend.PORTABLE.engine(), new CudaEngine(device, precision))) {
      Tensor a = random(engine, 0, matrices, first ? inner : rows, first ? rows : inner);
      Tensor b = random(engine, 1, matrices, second ? columns : inner, second ? inner : columns);
      Tensor c = random(engine, 2, matrices, rows, columns);
      engine.product(shape).run(a, b, c);
      results.add(List.of(values(c)));
    }

    assertClose(results.get(1), results.get(0), Limits.ofOneSum(precision));
  }

  /** The twin: without the promise, a change of the weights is seen. */
  @Test
  void constantWeightsAreReorderedOnce() {
    for (Precision precision : new Precision[] {Precision.FLOAT32, Precision.BFLOAT16}) {
      for (boolean keep : new boolean[] {true, false}) {
        Engine engine = new CudaEngine(device, precision);
        ConvolutionShape shape = new ConvolutionShape(1, 4, 4, 8, 8, 1);
        Tensor weights = random(engine, 1, 3, 3, 8, 8);
        if (keep) {
          engine.keepWeights();
        }
        Tensor x = random(engine, 0, shape.input());
        Tensor before = engine.allocate(shape.output());
        Tensor after = engine.allocate(shape.output());
        engine.convolution(shape, new Weight(weights, null)).forward(x, null, before);
        weights.upload(new float[weights.length()], 0);
        engine.convolution(shape, new Weight(weights, null)).forward(x, null, after);

        float[] expected = keep ? values(before) : new float[before.length()];
        assertThat(values(after)).isEqualTo(expected);
        assertThat(values(before)).isNotEqualTo(new float[before.length()]);
      }
    }
  }

  @Test
  void recordedWorkIsDoneWhenItIsReplayed() {
    Engine engine = new CudaEngine(device, Precision.FLOAT32);
    Tensor x = random(engine, 0, 4);
    Tensor sum = engine.allocate(4);
    float[] values = values(x);

    Runnable recorded = engine.record(() -> engine.kernels().add(x, sum));

    assertThat(values(sum)).containsOnly(0);
    recorded.run();
    recorded.run();
    assertThat(values(sum))
        .containsExactly(2 * values[0], 2 * values[1], 2 * values[2], 2 * values[3]);
  }

  @Test
  void blocksShareWhatTheyMayAndNothingElse() {
    Engine engine = new CudaEngine(device, Precision.FLOAT32);
    assertThat(engine.scratch("a", 2, 3)).isSameAs(engine.scratch("a", 2, 3));
    assertThat(engine.scratch("a", 2, 3)).isNotSameAs(engine.scratch("b", 2, 3));
    assertThat(CudaTensor.address(engine.kept("a", 6)))
        .isNotEqualTo(CudaTensor.address(engine.kept("a", 6)));

    engine.recompute();

    assertThat(engine.recomputes()).isTrue();
    assertThat(CudaTensor.address(engine.kept("a", 6)))
        .isEqualTo(CudaTensor.address(engine.kept("a", 2, 2)));
  }
}
