package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Sinusoids;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernels of cards give what the portable back end gives, whatever the sizes, and the same bits
 * in whatever order threads and blocks run.
 */
class CudaKernelsTest {
  /** Of the largest value. */
  private static final float ROUNDING = 1e-5f;

  private final EmulatedDevice device = new EmulatedDevice();
  private final EmulatedDevice backwardsDevice = EmulatedDevice.backwards();
  private final Nd4jEngine portableEngine = TestedBackend.PORTABLE.engine();
  private final Kernels portable = portableEngine.kernels();
  private final Kernels card = new CudaKernels(device);
  private final Kernels backwards = new CudaKernels(backwardsDevice);
  private int drawn;

  @AfterEach
  void close() {
    device.close();
    backwardsDevice.close();
  }

  /** The same values for the portable back end, and for two cards that differ in their order. */
  private record Three(Tensor portable, Tensor card, Tensor backwards) {
    float[] onCard() {
      return download(card);
    }

    float[] expected() {
      return download(portable);
    }

    Three slice(long offset, long... shape) {
      return new Three(
          portable.slice(offset, shape), card.slice(offset, shape), backwards.slice(offset, shape));
    }

    private static float[] download(Tensor tensor) {
      float[] values = new float[tensor.length()];
      tensor.download(values, 0);
      return values;
    }

    void assertSame(float tolerance, String what) {
      float[] actual = onCard();
      float[] wanted = expected();
      float largest = 1;
      for (float value : wanted) {
        largest = Math.max(largest, Math.abs(value));
      }
      for (int i = 0; i < wanted.length; i++) {
        // without AssertJ's boxes, which take minutes for a million values
        if (!(Math.abs(actual[i] - wanted[i]) <= tolerance * largest)) {
          assertThat(actual[i])
              .as("%s at %d, of up to %f", what, i, largest)
              .isCloseTo(wanted[i], within(tolerance * largest));
        }
      }
      assertThat(download(backwards)).as(what + " in another order").isEqualTo(actual);
    }
  }

  private Three of(float[] values, long... shape) {
    Three three =
        new Three(
            portableEngine.allocate(shape),
            CudaTensor.allocate(device, shape),
            CudaTensor.allocate(backwardsDevice, shape));
    for (Tensor tensor : List.of(three.portable, three.card, three.backwards)) {
      tensor.upload(values, 0);
    }
    return three;
  }

  private Three scaledRandom(float factor, long... shape) {
    float[] values = new float[length(shape)];
    CounterRandom.gaussian(7, Stream.SAMPLE_NOISE, drawn++, 0, values, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    return of(values, shape);
  }

  private Three random(long... shape) {
    return scaledRandom(1, shape);
  }

  private Three zeros(long... shape) {
    return of(new float[length(shape)], shape);
  }

  private static int length(long... shape) {
    return (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /** One call on all three. */
  private interface Call {
    void run(Kernels kernels, Side side);
  }

  /** Which tensor of three a call takes. */
  private interface Side {
    Tensor of(Three three);
  }

  private void all(Call call) {
    call.run(portable, Three::portable);
    call.run(card, Three::card);
    call.run(backwards, Three::backwards);
    device.synchronize();
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
    "2, 49, 3, 1",
    "1, 2048, 17, 17",
    "2, 5, 2048, 32",
    "1, 4, 1200, 1",
    "2, 49, 9, 3",
    "1, 1024, 12, 3",
    // more than a block per bunch
    "1, 4099, 8, 2",
    "2, 2100, 16, 2",
    "1, 4001, 5, 1"
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

  private void compareGroupNorm(GroupNorm shape, boolean withBias, Dropout dropout) {
    int batch = shape.batch();
    int channels = shape.channels();
    long[] image = {batch, shape.positions(), channels};
    Three x = random(image);
    Three bias = withBias ? random(batch, channels) : null;
    // as in the flat vector of a network's parameters: anywhere
    Three gamma = random(channels + 1).slice(1, channels);
    Three beta = random(channels + 3).slice(3, channels);
    Three keys = keys(batch);
    Three dy = random(image);
    Three added = withBias ? null : random(image);
    Three y = random(image);
    Three dx = random(image);
    Three dBias = withBias ? random(batch, channels) : null;
    Three dGamma = random(channels + 1).slice(1, channels);
    Three dBeta = random(channels + 3).slice(3, channels);
    all(
        (kernels, side) -> {
          Weight ofGamma = new Weight(side.of(gamma), side.of(dGamma));
          Weight ofBeta = new Weight(side.of(beta), side.of(dBeta));
          GroupNormOp op = groupNorm(kernels, shape, ofGamma, ofBeta, dropout);
          op.forward(side.of(x), orNull(side, bias), side.of(keys), side.of(y));
          op.backward(
              side.of(x),
              orNull(side, bias),
              side.of(keys),
              side.of(dy),
              orNull(side, added),
              side.of(dx),
              orNull(side, dBias));
        });
    // rounding of x − mean is amplified by 1/√(variance + ε), which is 316 without variance
    float amplification = Math.max(1, (float) largestDeviation(shape, x, bias) / 4);
    y.assertSame(amplification * ROUNDING, "y of " + shape);
    dx.assertSame(amplification * ROUNDING, "dx of " + shape);
    dGamma.assertSame(amplification * ROUNDING, "dGamma of " + shape);
    dBeta.assertSame(amplification * ROUNDING, "dBeta of " + shape);
    if (withBias) {
      dBias.assertSame(amplification * ROUNDING, "dBias of " + shape);
    }
  }

  private GroupNormOp groupNorm(
      Kernels kernels, GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    if (kernels == portable) {
      return portableEngine.groupNorm(shape, gamma, beta, dropout);
    }
    return new CudaGroupNorm(
        kernels == card ? device : backwardsDevice, shape, gamma, beta, dropout);
  }

  private static Tensor orNull(Side side, Three three) {
    return three == null ? null : side.of(three);
  }

  private Three keys(int batch) {
    Three keys =
        new Three(
            portableEngine.keys(batch),
            CudaTensor.keys(device, batch),
            CudaTensor.keys(backwardsDevice, batch));
    long[] values = LongStream.rangeClosed(1, batch).map(i -> 0x923456789abcdefL * i).toArray();
    for (Tensor tensor : List.of(keys.portable, keys.card, keys.backwards)) {
      tensor.upload(values);
    }
    return keys;
  }

  /** The largest 1/√(variance + ε) of a group of x + bias, in float64. */
  private static double largestDeviation(GroupNorm shape, Three x, Three bias) {
    float[] values = x.onCard();
    float[] shifts = bias == null ? new float[shape.batch() * shape.channels()] : bias.onCard();
    double[] sums = new double[shape.batch() * shape.groups()];
    double[] squares = new double[sums.length];
    for (int i = 0; i < values.length; i++) {
      int channel = i % shape.channels();
      int image = i / shape.imageSize();
      int group = image * shape.groups() + channel / shape.groupChannels();
      double value = values[i] + (double) shifts[image * shape.channels() + channel];
      sums[group] += value;
      squares[group] += value * value;
    }
    double largest = 0;
    double n = (double) shape.positions() * shape.groupChannels();
    for (int group = 0; group < sums.length; group++) {
      double mean = sums[group] / n;
      double variance = Math.max(0, squares[group] / n - mean * mean);
      largest = Math.max(largest, 1 / Math.sqrt(variance + shape.epsilon()));
    }
    return largest;
  }

  /** A mean far from zero does not cost the digits of what lies around it. */
  @Test
  void groupNormOfValuesFarFromZero() {
    GroupNorm shape = new GroupNorm(1, 100, 8, 2, 1e-5, false);
    Three x = random(1, 100, 8);
    float[] shifted = x.onCard();
    for (int i = 0; i < shifted.length; i++) {
      shifted[i] += 1000;
    }
    Three far = of(shifted, 1, 100, 8);
    float[] ones = new float[8];
    Arrays.fill(ones, 1);
    Three gamma = of(ones, 8);
    Three y = zeros(1, 100, 8);
    Three beta = zeros(8);
    all(
        (kernels, side) ->
            groupNorm(
                    kernels,
                    shape,
                    new Weight(side.of(gamma), null),
                    new Weight(side.of(beta), null),
                    null)
                .forward(side.of(far), null, null, side.of(y)));
    // the mean is rounded to float32, by 3e-5 at 1000
    y.assertSame(1e-4f, "y");
  }

  /** Elements are dropped that the hash of the key says, and the others scaled, to the bit. */
  @ParameterizedTest
  @CsvSource({"2, 49, 16, 4", "1, 7, 6, 3"})
  void masksAreThoseOfTheHash(int batch, int positions, int channels, int groups) {
    GroupNorm shape = new GroupNorm(batch, positions, channels, groups, 1e-5, false);
    Dropout dropout = new Dropout(0.3, 11);
    Three x = random(batch, positions, channels);
    Three keys = keys(batch);
    Three gamma = random(channels);
    Three beta = random(channels);
    Tensor whole = CudaTensor.allocate(device, batch, positions, channels);
    Tensor masked = CudaTensor.allocate(device, batch, positions, channels);
    Weight ofGamma = new Weight(gamma.card, null);
    Weight ofBeta = new Weight(beta.card, null);
    new CudaGroupNorm(device, shape, ofGamma, ofBeta, null).forward(x.card, null, null, whole);
    new CudaGroupNorm(device, shape, ofGamma, ofBeta, dropout)
        .forward(x.card, null, keys.card, masked);

    float[] expected = Three.download(whole);
    for (int image = 0; image < batch; image++) {
      long key = dropout.maskKey(0x923456789abcdefL * (image + 1));
      for (int i = 0; i < shape.imageSize(); i++) {
        boolean kept = Dropout.hash(key, i) < dropout.threshold();
        expected[image * shape.imageSize() + i] *= kept ? dropout.scale() : 0;
      }
    }
    assertThat(Three.download(masked)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 17, 1000, 5003})
  void swish(int length) {
    Three x = scaledRandom(20, length);
    Three dy = random(length);
    Three y = zeros(length);
    Three dx = zeros(length);
    all((kernels, side) -> kernels.swish(side.of(x), side.of(y)));
    y.assertSame(ROUNDING, "y");
    all((kernels, side) -> kernels.swishBackward(side.of(x), side.of(dy), side.of(dx)));
    dx.assertSame(ROUNDING, "dx");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1", "3, 15", "4, 16", "5, 49", "6, 65", "2, 256", "3, 1024", "2, 1025", "1, 5000"
  })
  void softmax(int rows, int columns) {
    Three x = scaledRandom(10, rows, columns);
    Three gradient = random(rows, columns);
    all((kernels, side) -> kernels.softmax(side.of(x)));
    x.assertSame(ROUNDING, "softmax");
    all((kernels, side) -> kernels.softmaxBackward(side.of(x), side.of(gradient)));
    gradient.assertSame(ROUNDING, "gradient");
  }

  /** What is not a number must not become one: nobody would notice that a model has diverged. */
  @ParameterizedTest
  @CsvSource({"NaN, 49", "Infinity, 49", "NaN, 1100", "Infinity, 1100"})
  void softmaxKeepsWhatIsNoNumber(float value, int columns) {
    Three x = random(2, columns);
    x.card.slice(columns + 30, 1).upload(new float[] {value}, 0);
    card.softmax(x.card);
    float[] rows = x.onCard();
    float sum = 0;
    for (int i = 0; i < columns; i++) {
      sum += rows[i];
    }
    assertThat(sum).isCloseTo(1, within(ROUNDING));
    assertThat(Arrays.copyOfRange(rows, columns, 2 * columns)).containsOnly(Float.NaN);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 15", "4, 16", "500, 49", "2, 256", "9000, 3", "70, 5000", "20000, 1"})
  void rowsAndColumns(int rows, int columns) {
    Three a = random(rows, columns);
    Three y = random(rows, columns);
    Three vector = random(columns);
    all((kernels, side) -> kernels.addToRows(side.of(vector), side.of(y)));
    y.assertSame(0, "addToRows");
    all((kernels, side) -> kernels.add(side.of(a), side.of(y)));
    y.assertSame(0, "add");
    all((kernels, side) -> kernels.subtract(side.of(vector), side.of(y).slice(0, columns)));
    y.assertSame(0, "subtract");
    Three factors = random(rows, 1);
    all((kernels, side) -> kernels.scaleRows(side.of(factors), side.of(y)));
    y.assertSame(0, "scaleRows");
    all((kernels, side) -> kernels.addProduct(side.of(a), side.of(a), side.of(y)));
    y.assertSame(0, "addProduct");

    Three sums = random(columns);
    card.sumRows(a.card, sums.card);
    backwards.sumRows(a.backwards, sums.backwards);
    // not ND4J's sums: of many values of either sign they keep four digits
    sums.portable.upload(columnSums(a.onCard(), columns));
    sums.assertSame(1e-6f, "sumRows");

    all((kernels, side) -> kernels.copy(side.of(a), side.of(y)));
    assertThat(y.onCard()).isEqualTo(a.onCard());
    all((kernels, side) -> kernels.clear(side.of(y)));
    assertThat(y.onCard()).containsOnly(0);
  }

  private static double[] columnSums(float[] values, int columns) {
    double[] sums = new double[columns];
    for (int i = 0; i < values.length; i++) {
      sums[i % columns] += values[i];
    }
    return sums;
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 15, 7", "4, 16, 32", "100, 4, 3", "50, 64, 128"})
  void sidesOfAMatrix(int rows, int left, int right) {
    Three a = random(rows, left);
    Three b = random(rows, right);
    Three both = random(rows, left + right);
    all((kernels, side) -> kernels.concatenate(side.of(a), side.of(b), side.of(both)));
    both.assertSame(0, "concatenate");
    Three first = random(rows, left);
    Three second = random(rows, right);
    all((kernels, side) -> kernels.split(side.of(both), side.of(first), side.of(second)));
    assertThat(first.onCard()).isEqualTo(a.onCard());
    assertThat(second.onCard()).isEqualTo(b.onCard());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 49})
  void chosenRows(int columns) {
    int[] rows = {4, 0, 7};
    Three x = random(8, columns);
    Three gathered = random(3, columns);
    all((kernels, side) -> kernels.gatherRows(side.of(x), rows, side.of(gathered)));
    gathered.assertSame(0, "gathered");
    Three sum = random(8, columns);
    all((kernels, side) -> kernels.addToRows(side.of(gathered), rows, side.of(sum)));
    sum.assertSame(0, "sum");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 49, 1100})
  void numberedRows(int columns) {
    Three rows = of(new float[] {4, 0, 7, 4, 4}, 5);
    Three x = random(8, columns);
    Three gathered = random(5, columns);
    all((kernels, side) -> kernels.gatherRows(side.of(x), side.of(rows), side.of(gathered)));
    gathered.assertSame(0, "gathered");
    Three sum = random(8, columns);
    all((kernels, side) -> kernels.addToRows(side.of(gathered), side.of(rows), side.of(sum)));
    sum.assertSame(0, "sum");
  }

  @ParameterizedTest
  @CsvSource({"2, 0, false", "64, 0, true", "30, 1, false", "32, 1, true"})
  void encodedTimesteps(int width, int shift, boolean cosinesFirst) {
    Sinusoids encoding = new Sinusoids(width, shift, cosinesFirst, Precision.FLOAT32);
    Three timesteps = of(new float[] {0, 1, 17, 999, 1000}, 5, 1);
    Three y = random(5, width);
    all((kernels, side) -> kernels.encode(encoding, side.of(timesteps), side.of(y)));
    // float64 sines that differ in their last place are seldom rounded to other float32 values
    y.assertSame(1e-7f, "y");
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
    Three image = random(patches.image());
    Three windows = random(patches.matrix());
    all((kernels, side) -> kernels.gather(patches, side.of(image), side.of(windows)));
    windows.assertSame(0, "windows");
    Three matrix = random(patches.matrix());
    all((kernels, side) -> kernels.scatterAdd(patches, side.of(matrix), side.of(image)));
    image.assertSame(0, "sum of windows");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 100, 10_003})
  void loss(int length) {
    Three prediction = random(length);
    Three target = random(length);
    Three gradient = random(length);
    List<Double> losses = new ArrayList<>();
    all(
        (kernels, side) -> {
          DoubleSupplier loss =
              kernels.meanSquaredError(side.of(prediction), side.of(target), side.of(gradient));
          losses.add(loss.getAsDouble());
        });
    assertThat(losses.get(1)).isCloseTo(losses.get(0), within(1e-12 * losses.get(0)));
    assertThat(losses.get(2)).isEqualTo(losses.get(1));
    gradient.assertSame(0, "gradient");
  }

  /** The mean is read from the card when it is asked for: so it is that of the last replay. */
  @Test
  void theLossOfARecordingIsThatOfTheLastReplay() throws Exception {
    Three prediction = random(10);
    Three target = zeros(10);
    Three gradient = zeros(10);
    DoubleSupplier[] loss = new DoubleSupplier[1];
    try (Device.Recording recording =
        device.record(
            () -> loss[0] = card.meanSquaredError(prediction.card, target.card, gradient.card))) {
      prediction.card.upload(new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
      recording.replay();
      assertThat(loss[0].getAsDouble()).isEqualTo(1);
      prediction.card.upload(new double[] {2, 2, 2, 2, 2, 2, 2, 2, 2, 2});
      recording.replay();
      assertThat(loss[0].getAsDouble()).isEqualTo(4);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0.5", "1003, 1", "1003, 100", "5000, 0.01"})
  void clipped(int length, double longest) {
    Three x = random(length + 1).slice(1, length);
    all((kernels, side) -> kernels.clip(side.of(x), longest));
    x.assertSame(2e-7f, "clipped");
  }

  @Test
  void whatIsNoNumberIsNotClippedAway() {
    Three x = of(new float[] {3, Float.NaN}, 2);
    card.clip(x.card, 1);
    assertThat(x.onCard()).containsExactly(3, Float.NaN);
  }

  @Test
  void adam() {
    int length = 1003;
    Three gradient = random(length);
    Three m = random(length);
    Three v = of(squares(random(length).onCard()), length);
    float[][] before = {gradient.onCard(), m.onCard(), v.onCard()};
    AdamStep step = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 3);
    all((kernels, side) -> kernels.adam(step, side.of(gradient), side.of(m), side.of(v)));
    gradient.assertSame(ROUNDING, "update");
    m.assertSame(ROUNDING, "mean");
    v.assertSame(ROUNDING, "mean square");

    // each operation is rounded by itself, as the CPU does
    Nd4jEngine cpu = TestedBackend.CPU.engine();
    Tensor[] ofCpu = new Tensor[3];
    for (int i = 0; i < 3; i++) {
      ofCpu[i] = cpu.allocate(length);
      ofCpu[i].upload(before[i], 0);
    }
    cpu.kernels().adam(step, ofCpu[0], ofCpu[1], ofCpu[2]);
    assertThat(gradient.onCard()).isEqualTo(Three.download(ofCpu[0]));
    assertThat(m.onCard()).isEqualTo(Three.download(ofCpu[1]));
    assertThat(v.onCard()).isEqualTo(Three.download(ofCpu[2]));
  }

  private static float[] squares(float[] values) {
    float[] squares = new float[values.length];
    for (int i = 0; i < squares.length; i++) {
      squares[i] = values[i] * values[i];
    }
    return squares;
  }
}
