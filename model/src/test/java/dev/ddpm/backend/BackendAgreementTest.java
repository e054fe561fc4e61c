package dev.ddpm.backend;

import static dev.ddpm.backend.nd4j.Nd4jEngine.array;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The CPU's back end gives what the portable one gives, whatever the sizes. */
class BackendAgreementTest {
  private static final float ROUNDING = 4e-6f;
  private static final float GRADIENT_ROUNDING = 2e-5f;

  private final Nd4jEngine portableEngine = TestedBackend.PORTABLE.engine();
  private final Nd4jEngine cpuEngine = TestedBackend.CPU.engine();
  private final Kernels portable = portableEngine.kernels();
  private final Kernels vector = cpuEngine.kernels();
  private int drawn;

  private Tensor random(long... shape) {
    Tensor tensor = zeros(shape);
    float[] values = new float[tensor.length()];
    CounterRandom.gaussian(7, Stream.SAMPLE_NOISE, drawn++, 0, values, 0, values.length);
    tensor.upload(values, 0);
    return tensor;
  }

  /** The portable back end takes the CPU's tensors too. */
  private Tensor zeros(long... shape) {
    return cpuEngine.allocate(shape);
  }

  private Tensor copy(Tensor tensor) {
    return cpuEngine.tensor(array(tensor).dup('c'));
  }

  private static void assertSame(Tensor actual, Tensor expected, float tolerance, String what) {
    float largest = Math.max(1, array(expected).amaxNumber().floatValue());
    assertThat(array(actual).reshape(actual.length()).toFloatVector())
        .as(what)
        .containsExactly(
            array(expected).reshape(expected.length()).toFloatVector(),
            within(tolerance * largest));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 8, 8",
    "2, 16, 16, 8",
    "3, 15, 24, 8",
    "2, 35, 48, 8",
    "2, 64, 64, 32",
    "1, 9, 20, 4",
    "2, 1, 96, 32",
    "1, 300, 40, 8",
    "2, 7, 3, 1",
    "1, 2048, 17, 17",
    "2, 5, 2048, 32",
    "1, 2304, 32, 8",
    "1, 801, 20, 4"
  })
  void groupNorm(int batch, int positions, int channels, int groups) {
    for (boolean swish : new boolean[] {false, true}) {
      for (boolean withBias : new boolean[] {false, true}) {
        for (boolean withDropout : new boolean[] {false, true}) {
          compareGroupNorm(
              new GroupNorm(batch, positions, channels, groups, 1e-5, swish),
              withBias,
              withDropout ? new Dropout(0.3, 5) : null);
        }
      }
    }
  }

  /** What a larger image left behind reaches no other: all share their arrays. */
  @Test
  void groupNormsForgetOtherShapes() {
    GroupNorm large = new GroupNorm(1, 60, 20, 4, 1e-5, true);
    Tensor nothing = constant(Float.NaN, 1, 60, 20);
    Weight gamma = new Weight(random(20), zeros(20));
    Weight beta = new Weight(random(20), zeros(20));
    GroupNormOp op = cpuEngine.groupNorm(large, gamma, beta, null);
    op.forward(nothing, null, null, zeros(1, 60, 20));
    op.backward(nothing, null, null, nothing, null, zeros(1, 60, 20), null);

    compareGroupNorm(new GroupNorm(2, 7, 20, 4, 1e-5, true), false, null);
    compareGroupNorm(new GroupNorm(1, 48, 20, 4, 1e-5, true), true, null);
    compareGroupNorm(new GroupNorm(1, 23, 17, 1, 1e-5, true), true, null);
  }

  /** A row that fills vectors is then longer than the arrays that all share. */
  @Test
  void groupNormsOfVeryManyChannels() {
    compareGroupNorm(new GroupNorm(1, 17, 8209, 1, 1e-5, true), false, null);
  }

  /** Far beyond the range of e^x in float32 swish is x or 0, and its slope 1 or 0. */
  @Test
  void groupNormsSaturate() {
    GroupNorm shape = new GroupNorm(1, 64, 16, 16, 1e-5, true);
    Tensor x = random(1, 64, 16);
    Tensor dy = random(1, 64, 16);
    Tensor y = zeros(1, 64, 16);
    Tensor dx = zeros(1, 64, 16);
    for (float offset : new float[] {-500, 500}) {
      Weight gamma = new Weight(constant(1, 16), zeros(16));
      Weight beta = new Weight(constant(offset, 16), zeros(16));
      GroupNormOp op = cpuEngine.groupNorm(shape, gamma, beta, null);
      op.forward(x, null, null, y);
      op.backward(x, null, null, dy, null, dx, null);

      float[] normalised = values(normalised(cpuEngine, shape, x, null));
      float[] results = values(y);
      float[] gradients = values(beta.gradient());
      float[] expected = new float[results.length];
      for (int i = 0; i < results.length; i++) {
        expected[i] = offset < 0 ? 0 : normalised[i] + offset;
      }
      assertThat(results).containsExactly(expected, within(1e-3f));
      Tensor sums = zeros(16);
      cpuEngine.kernels().sumRows(dy, sums);
      float[] slopes = offset < 0 ? new float[16] : values(sums);
      assertThat(gradients).containsExactly(slopes, within(1e-4f));
      assertThat(values(dx)).doesNotContain(Float.NaN);
    }
    float[] one = new float[1024];
    one[17] = Float.NaN;
    x.upload(one, 0);
    GroupNormOp op =
        cpuEngine.groupNorm(
            shape, new Weight(constant(1, 16), null), new Weight(constant(0, 16), null), null);
    op.forward(x, null, null, y);
    float[] results = values(y);
    for (int i = 0; i < 1024; i++) {
      assertThat(Float.isNaN(results[i])).isEqualTo(i % 16 == 1);
    }
  }

  private Tensor constant(float value, long... shape) {
    Tensor tensor = zeros(shape);
    float[] values = new float[tensor.length()];
    Arrays.fill(values, value);
    tensor.upload(values, 0);
    return tensor;
  }

  private static float[] values(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  private void compareGroupNorm(GroupNorm shape, boolean withBias, Dropout dropout) {
    int batch = shape.batch();
    int channels = shape.channels();
    long[] image = {batch, shape.positions(), channels};
    Tensor x = random(image);
    Tensor bias = withBias ? random(batch, channels) : null;
    Tensor gamma = random(channels);
    Tensor beta = random(channels);
    Tensor keys = cpuEngine.keys(batch);
    keys.upload(LongStream.rangeClosed(1, batch).map(i -> 0x123456789abcdefL * i).toArray());
    Tensor dy = random(image);
    Tensor added = withBias ? null : random(image);

    Tensor[][] results = new Tensor[2][];
    Nd4jEngine[] both = {portableEngine, cpuEngine};
    for (int i = 0; i < 2; i++) {
      Tensor y = zeros(image);
      Tensor dx = zeros(image);
      Tensor dBias = withBias ? zeros(batch, channels) : null;
      Tensor dGamma = zeros(channels);
      Tensor dBeta = zeros(channels);
      GroupNormOp op =
          both[i].groupNorm(shape, new Weight(gamma, dGamma), new Weight(beta, dBeta), dropout);
      op.forward(x, bias, keys, y);
      op.backward(x, bias, keys, dy, added, dx, dBias);
      Tensor normalised = normalised(both[i], shape, x, bias);
      results[i] = new Tensor[] {normalised, y, dx, dGamma, dBeta, dBias};
    }
    // rounding of x − mean is amplified by 1/√(variance + ε), which is 316 without variance
    float amplification = Math.max(1, (float) largestDeviation(shape, x, bias) / 4);
    String[] names = {"(x − mean) · deviation", "y", "dx", "dGamma", "dBeta", "dBias"};
    for (int i = 0; i < names.length; i++) {
      if (results[0][i] != null) {
        float tolerance = amplification * (i < 2 ? ROUNDING : GRADIENT_ROUNDING);
        assertSame(results[1][i], results[0][i], tolerance, names[i] + " of " + shape);
      }
    }
  }

  /** What the norm alone gives: γ = 1, β = 0, neither Swish nor dropout. */
  private Tensor normalised(Nd4jEngine engine, GroupNorm shape, Tensor x, Tensor bias) {
    int channels = shape.channels();
    Tensor ones = zeros(channels);
    array(ones).assign(1);
    GroupNorm alone =
        new GroupNorm(
            shape.batch(), shape.positions(), channels, shape.groups(), shape.epsilon(), false);
    Tensor y = zeros(shape.batch(), shape.positions(), channels);
    engine
        .groupNorm(alone, new Weight(ones, null), new Weight(zeros(channels), null), null)
        .forward(x, bias, null, y);
    return y;
  }

  /** The largest 1/√(variance + ε) of a group of x + bias, in float64. */
  private static double largestDeviation(GroupNorm shape, Tensor x, Tensor bias) {
    INDArray sum = array(x).castTo(DataType.DOUBLE);
    if (bias != null) {
      sum =
          sum.add(array(bias).castTo(DataType.DOUBLE).reshape(shape.batch(), 1, shape.channels()));
    }
    INDArray variance =
        sum.reshape(shape.batch(), shape.positions(), shape.groups(), shape.groupChannels())
            .var(false, 1, 3);
    return 1 / Math.sqrt(variance.minNumber().doubleValue() + shape.epsilon());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 17, 1000})
  void swish(int length) {
    Tensor x = random(length);
    array(x).muli(20);
    Tensor dy = random(length);
    Tensor expected = zeros(length);
    Tensor actual = zeros(length);
    portable.swish(x, expected);
    vector.swish(x, actual);
    assertSame(actual, expected, ROUNDING, "y");
    portable.swishBackward(x, dy, expected);
    vector.swishBackward(x, dy, actual);
    assertSame(actual, expected, ROUNDING, "dx");
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 15", "4, 16", "5, 49", "2, 256"})
  void softmax(int rows, int columns) {
    Tensor expected = random(rows, columns);
    array(expected).muli(10);
    Tensor actual = copy(expected);
    portable.softmax(expected);
    vector.softmax(actual);
    assertSame(actual, expected, ROUNDING, "softmax");

    Tensor expectedGradient = random(rows, columns);
    Tensor actualGradient = copy(expectedGradient);
    portable.softmaxBackward(expected, expectedGradient);
    vector.softmaxBackward(expected, actualGradient);
    assertSame(actualGradient, expectedGradient, ROUNDING, "gradient");
  }

  /** Sharp attention: a CPU takes a hundred times as long for numbers that are not normal. */
  @Test
  void softmaxHasNoNumbersBelowTheNormalOnes() {
    Tensor x = engineRow(-200, -87, -60, -44, -30, -1, 0);
    vector.softmax(x);
    float[] weights = array(x).toFloatVector();
    assertThat(Arrays.copyOf(weights, 3)).containsOnly(0);
    assertThat(weights[3]).isCloseTo((float) Math.exp(-44) / 1.368f, withinPercentage(1));

    Tensor gradient = engineRow(1e-12f, -1e-12f, 1e-12f, -1e-20f, 1e-20f, -1e-20f, 1e-20f);
    vector.softmaxBackward(x, gradient);
    for (float change : array(gradient).toFloatVector()) {
      assertThat(change == 0 || Math.abs(change) >= 0x1p-100f).as("%s", change).isTrue();
    }
    assertThat(array(gradient).getFloat(0, 5)).isNegative();
  }

  private Tensor engineRow(float... values) {
    Tensor row = zeros(1, values.length);
    row.upload(values, 0);
    return row;
  }

  /** What is not a number must not become one: nobody would notice that a model has diverged. */
  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void softmaxKeepsWhatIsNoNumber(float value) {
    Tensor x = random(2, 49);
    array(x).putScalar(1, 30, value);
    vector.softmax(x);
    assertThat(array(x).getRow(0).sumNumber().floatValue()).isCloseTo(1, within(ROUNDING));
    assertThat(array(x).getRow(1).toFloatVector()).containsOnly(Float.NaN);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 15", "4, 16", "500, 49", "2, 256", "2057, 16", "259, 257", "3, 5000"})
  void rowsAndColumns(int rows, int columns) {
    Tensor a = random(rows, columns);
    Tensor b = random(rows, 2L * columns + 1);
    Tensor vectorOfColumns = random(columns);

    Tensor expected = copy(a);
    Tensor actual = copy(a);
    portable.addToRows(vectorOfColumns, expected);
    vector.addToRows(vectorOfColumns, actual);
    assertSame(actual, expected, ROUNDING, "addToRows");
    portable.add(a, expected);
    vector.add(a, actual);
    assertSame(actual, expected, ROUNDING, "add");
    portable.copy(a, expected);
    vector.copy(a, actual);
    assertSame(expected, a, 0, "copy");
    assertSame(actual, a, 0, "copy");
    portable.clear(expected);
    vector.clear(actual);
    assertSame(expected, zeros(rows, columns), 0, "clear");
    assertSame(actual, zeros(rows, columns), 0, "clear");

    Tensor expectedSums = zeros(columns);
    Tensor actualSums = zeros(columns);
    portable.sumRows(a, expectedSums);
    vector.sumRows(a, actualSums);
    assertSame(actualSums, expectedSums, ROUNDING, "sumRows");

    Tensor both = zeros(rows, 3L * columns + 1);
    portable.concatenate(a, b, both);
    Tensor bothActual = zeros(rows, 3L * columns + 1);
    vector.concatenate(a, b, bothActual);
    assertSame(bothActual, both, 0, "concatenate");
    Tensor left = zeros(rows, columns);
    Tensor right = zeros(rows, 2L * columns + 1);
    vector.split(both, left, right);
    assertSame(left, a, 0, "left");
    assertSame(right, b, 0, "right");
    Tensor portableLeft = zeros(rows, columns);
    Tensor portableRight = zeros(rows, 2L * columns + 1);
    portable.split(both, portableLeft, portableRight);
    assertSame(portableLeft, a, 0, "left");
    assertSame(portableRight, b, 0, "right");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 49})
  void chosenRows(int columns) {
    int[] rows = {4, 0, 7};
    Tensor x = random(8, columns);
    Tensor expected = zeros(3, columns);
    Tensor actual = zeros(3, columns);
    portable.gatherRows(x, rows, expected);
    vector.gatherRows(x, rows, actual);
    assertSame(actual, expected, 0, "gathered");
    assertThat(array(actual).getFloat(1, 0)).isEqualTo(array(x).getFloat(0, 0));

    Tensor expectedSum = random(8, columns);
    Tensor actualSum = copy(expectedSum);
    portable.addToRows(expected, rows, expectedSum);
    vector.addToRows(expected, rows, actualSum);
    assertSame(actualSum, expectedSum, ROUNDING, "sum");
  }

  /** The numbers of rows may come from a tensor, and then name a row several times. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 49})
  void rowsOfATensor(int columns) {
    Tensor rows = zeros(4, 1);
    rows.upload(new float[] {4, 0, 7, 4}, 0);
    Tensor x = random(8, columns);
    Tensor gathered = zeros(4, columns);
    vector.gatherRows(x, rows, gathered);
    Tensor expected = zeros(4, columns);
    portable.gatherRows(x, new int[] {4, 0, 7, 4}, expected);
    assertSame(gathered, expected, 0, "gathered");

    Tensor actualSum = zeros(8, columns);
    Tensor expectedSum = zeros(8, columns);
    vector.addToRows(gathered, rows, actualSum);
    portable.addToRows(gathered, rows, expectedSum);
    assertSame(actualSum, expectedSum, 0, "sum");
    float once = array(x).getFloat(4, 0);
    assertThat(array(actualSum).getFloat(4, 0)).isEqualTo(once + once);
    assertThat(array(actualSum).getFloat(0, 0)).isEqualTo(array(x).getFloat(0, 0));
    assertThat(array(actualSum).getFloat(1, 0)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 100, 10_003})
  void difference(int length) {
    Tensor x = random(length);
    Tensor expected = random(length);
    Tensor actual = copy(expected);
    float last = array(expected).getFloat(length - 1);
    portable.subtract(x, expected);
    vector.subtract(x, actual);
    assertSame(actual, expected, 0, "difference");
    assertThat(array(actual).getFloat(length - 1)).isEqualTo(last - array(x).getFloat(length - 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 100, 10_003})
  void longestNorm(int length) {
    Tensor expected = random(length);
    Tensor actual = copy(expected);
    double norm = array(expected).norm2Number().doubleValue();
    float first = array(expected).getFloat(0);
    portable.clip(expected, 1.01 * norm);
    vector.clip(actual, 1.01 * norm);
    assertThat(array(expected).getFloat(0)).isEqualTo(first);
    assertThat(array(actual).getFloat(0)).isEqualTo(first);

    portable.clip(expected, norm / 4);
    vector.clip(actual, norm / 4);
    assertSame(actual, expected, 0, "clipped");
    assertThat(array(actual).norm2Number().doubleValue()).isCloseTo(norm / 4, within(1e-5 * norm));
  }

  @ParameterizedTest
  @CsvSource({
    "2, 4, 5, 3, 3, 1",
    "1, 1, 1, 1, 3, 1",
    "2, 6, 4, 20, 4, 2",
    "1, 2, 2, 16, 4, 2",
    "1, 5, 7, 2, 3, 2"
  })
  void patches(int batch, int height, int width, int channels, int size, int stride) {
    Patches patches = new Patches(batch, height, width, channels, size, stride);
    Tensor image = random(patches.image());
    Tensor expected = random(patches.matrix());
    Tensor actual = random(patches.matrix());
    portable.gather(patches, image, expected);
    vector.gather(patches, image, actual);
    assertSame(actual, expected, 0, "windows");

    Tensor matrix = random(patches.matrix());
    Tensor expectedImage = copy(image);
    Tensor actualImage = copy(image);
    portable.scatterAdd(patches, matrix, expectedImage);
    vector.scatterAdd(patches, matrix, actualImage);
    assertSame(actualImage, expectedImage, ROUNDING, "sum of windows");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 100, 10_000})
  void scaledRows(int columns) {
    Tensor factors = random(3, 1);
    Tensor expected = random(3, columns);
    Tensor actual = copy(expected);
    float last = array(expected).getFloat(2, columns - 1);
    portable.scaleRows(factors, expected);
    vector.scaleRows(factors, actual);
    assertSame(actual, expected, ROUNDING, "rows");
    assertThat(array(actual).getFloat(2, columns - 1)).isEqualTo(array(factors).getFloat(2) * last);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 100, 10_000})
  void loss(int length) {
    Tensor prediction = random(length);
    Tensor target = random(length);
    Tensor expected = zeros(length);
    Tensor actual = zeros(length);
    double loss = portable.meanSquaredError(prediction, target, expected).getAsDouble();
    assertThat(vector.meanSquaredError(prediction, target, actual).getAsDouble())
        .isCloseTo(loss, within(1e-6 * loss));
    assertSame(actual, expected, ROUNDING, "gradient");
  }

  @Test
  void adam() {
    int length = 1003;
    Tensor[] mine = {random(length), random(length), random(length)};
    array(mine[2]).muli(array(mine[2]));
    Tensor[] theirs = {copy(mine[0]), copy(mine[1]), copy(mine[2])};
    AdamStep step = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 3);
    vector.adam(step, mine[0], mine[1], mine[2]);
    portable.adam(step, theirs[0], theirs[1], theirs[2]);
    for (int i = 0; i < mine.length; i++) {
      assertSame(mine[i], theirs[i], ROUNDING, "array " + i);
    }
  }
}
