package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.cuda.Device.Convolution;
import dev.ddpm.backend.cuda.Device.ConvolutionSizes;
import dev.ddpm.backend.cuda.Device.Factors;
import dev.ddpm.backend.cuda.Device.Recording;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The emulated card computes what a card does, and fails where a card may let a fault pass. */
class EmulatedDeviceTest {
  private final EmulatedDevice device = new EmulatedDevice();
  private int drawn;

  private long upload(float... values) {
    long address = device.allocate((long) values.length * Float.BYTES);
    device.upload(values, 0, values.length, address);
    return address;
  }

  private float[] download(long address, int count) {
    float[] values = new float[count];
    device.download(address, values, 0, count);
    return values;
  }

  private float[] random(int count) {
    float[] values = new float[count];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, drawn++, 0, values, 0, count);
    return values;
  }

  @Test
  void threadsMeetAtTheSameBarrier() {
    long x = device.allocate(128);
    assertThatThrownBy(() -> device.launch("endsBeforeBarrier", 1, 1, 32, 0, x))
        .hasMessageMatching(
            "endsBeforeBarrier: thread 0 has ended while thread 16 waits at the barrier of line"
                + " \\d+");
    assertThatThrownBy(() -> device.launch("waitsAtTwoBarriers", 1, 1, 32, 0, x))
        .hasMessageMatching(
            "waitsAtTwoBarriers: thread 0 waits at the barrier of line \\d+ while thread 1 waits at"
                + " the barrier of line \\d+");
    assertThatThrownBy(() -> device.launch("shufflesWithoutALane", 1, 1, 32, 0, x))
        .hasMessageMatching(
            "shufflesWithoutALane: thread 0 waits at the shuffle of line \\d+ while thread 3 has"
                + " ended");

    device.launch("swish", 1, 1, 32, 0, x, x, 32);
    assertThat(download(x, 32)).containsOnly(0);
  }

  @Test
  void aMissingBarrierShowsInTheOrderOfThreads() {
    float[][] results = new float[2][];
    EmulatedDevice[] both = {device, EmulatedDevice.backwards()};
    for (int i = 0; i < 2; i++) {
      long x = both[i].allocate(128);
      both[i].launch("lacksABarrier", 1, 1, 32, 0, x);
      results[i] = new float[32];
      both[i].download(x, results[i], 0, 32);
    }
    assertThat(results[0]).isNotEqualTo(results[1]);
  }

  @Test
  void whatLiesBesideAnAllocationIsGuarded() {
    long x = device.allocate(40);
    device.launch("writesAt", 1, 1, 32, 0, x, 9);
    device.synchronize();

    device.launch("writesAt", 1, 1, 32, 0, x, 10);
    assertThatThrownBy(device::synchronize)
        .hasMessage("0 bytes past an allocation of 40 bytes were written");
    assertThatThrownBy(() -> device.free(x)).hasMessageContaining("past an allocation");

    long y = device.allocate(40);
    device.launch("writesAt", 1, 1, 32, 0, y, -1);
    assertThatThrownBy(() -> device.free(y))
        .hasMessage("1 bytes before an allocation of 40 bytes were written");
  }

  /** What is read past an end is no number, as float32 and in any other type of kernels. */
  @Test
  void whatIsReadBesideAnAllocationSpoilsTheResult() {
    long x = device.allocate(40);
    long y = device.allocate(40);
    for (int index : new int[] {-1, 10}) {
      device.launch("readsAt", 1, 1, 32, 0, x, index, y);
      assertThat(download(y, 1)).containsOnly(Float.NaN);
    }
    device.launch("readsAt", 1, 1, 32, 0, x, 9, y);
    assertThat(download(y, 1)).containsOnly(0);
  }

  @Test
  void argumentsAreThoseThatAKernelDeclares() {
    long x = device.allocate(8);
    device.launch("sumOfArguments", 1, 1, 32, 0, x, 1L << 40, 2, 0.5f, 0.25);
    double[] sum = new double[1];
    device.download(x, sum);
    assertThat(sum[0]).isEqualTo(0x1p40 + 2.75);

    assertThatThrownBy(() -> device.launch("sumOfArguments", 1, 1, 32, 0, x, 1, 2, 0.5f, 0.25))
        .hasMessage("sumOfArguments: an argument is I where the kernel declares L");
    assertThatThrownBy(() -> device.launch("sumOfArguments", 1, 1, 32, 0, x))
        .hasMessage("sumOfArguments: 1 arguments for a kernel with 5");
    assertThatThrownBy(() -> device.launch("sumOfArguments", 1, 1, 32, 0, x + 4, 1L, 2, 0.5f, 0.25))
        .hasMessage("sumOfArguments: an address is no multiple of 8");
    assertThatThrownBy(() -> device.launch("sumOfArguments", 1, 1, 32, 0, 8L, 1L, 2, 0.5f, 0.25))
        .hasMessage("sumOfArguments: an address is in no allocation");
    assertThatThrownBy(() -> device.launch("sums", 1, 1, 32, 0, x))
        .hasMessage("there is no kernel sums");
    assertThatThrownBy(() -> device.launch("swish", 1, 1, 33, 0, x, x, 1))
        .hasMessage("swish: no grid: 1 by 1 blocks of 33 threads");
  }

  @Test
  void memoryIsUsedAsItWasAllocated() {
    long x = device.allocate(40);
    assertThat(x % 256).isZero();
    assertThatThrownBy(() -> device.clear(x, 44))
        .hasMessage("44 bytes are used where the allocation has 40");
    assertThatThrownBy(() -> download(x + 8, 9))
        .hasMessage("36 bytes are used where the allocation has 32");
    device.free(x);
    assertThatThrownBy(() -> download(x, 1)).hasMessage("an address is in no allocation");
    assertThatThrownBy(() -> device.free(x))
        .hasMessage("memory is given back that was not allocated");
  }

  @Test
  void recordedWorkIsDoneWhenItIsReplayed() {
    long x = upload(1, 2);
    long y = upload(10, 20);
    try (Recording recording = device.record(() -> device.launch("add", 1, 1, 32, 0, x, y, 2))) {
      assertThat(download(y, 2)).containsExactly(10, 20);
      recording.replay();
      recording.replay();
      assertThat(download(y, 2)).containsExactly(12, 24);
    }
    assertThatThrownBy(() -> device.record(() -> device.allocate(4)))
        .hasMessage("Neither copied to a host nor allocated while recording");
    assertThatThrownBy(() -> device.record(() -> download(x, 1)))
        .hasMessage("Neither copied to a host nor allocated while recording");
    assertThat(download(x, 2)).containsExactly(1, 2);
  }

  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void products(boolean transposeA, boolean transposeB) {
    ProductShape shape = new ProductShape(2, 3, 4, 5, transposeA, transposeB, 0.5, true);
    float[] a = random(2 * 3 * 4);
    float[] b = random(2 * 4 * 5);
    float[] c = random(2 * 3 * 5);
    long result = upload(c);
    device.product(shape, Factors.FLOAT32).run(upload(a), upload(b), result);
    float[] actual = download(result, c.length);
    for (int matrix = 0; matrix < 2; matrix++) {
      for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 5; column++) {
          double sum = 0;
          for (int k = 0; k < 4; k++) {
            sum +=
                (double) a[matrix * 12 + (transposeA ? k * 3 + row : row * 4 + k)]
                    * b[matrix * 20 + (transposeB ? column * 4 + k : k * 5 + column)];
          }
          int at = matrix * 15 + row * 5 + column;
          assertThat(actual[at]).isEqualTo((float) (0.5 * sum + c[at]));
        }
      }
    }
  }

  @Test
  void factorsAreRoundedAsACardDoes() {
    // 1 + 2^-11 lies between two values of 10 bits: away from zero; 1 + 2^-12 goes to 1
    long a = upload(1 + 0x1p-11f, 1 + 0x1p-12f);
    long one = upload(1);
    long c = device.allocate(8);
    device.product(ProductShape.of(2, 1, 1), Factors.TF32).run(a, one, c);
    assertThat(download(c, 2)).containsExactly(1 + 0x1p-10f, 1);
    device.product(ProductShape.of(2, 1, 1), Factors.FLOAT32).run(a, one, c);
    assertThat(download(c, 2)).containsExactly(1 + 0x1p-11f, 1 + 0x1p-12f);

    long rounded = device.allocate(4);
    long roundedOne = device.allocate(2);
    device.launch("roundToBfloat16", 1, 1, 32, 0, upload(1.01f, -3), rounded, 2);
    device.launch("roundToBfloat16", 1, 1, 32, 0, one, roundedOne, 1);
    device.product(ProductShape.of(2, 1, 1), Factors.BFLOAT16).run(rounded, roundedOne, c);
    assertThat(download(c, 2)).containsExactly(1.0078125f, -3);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1, 3, 1, 1",
    "2, 5, 4, 3, 2, 3, 1, 1",
    "2, 7, 7, 2, 5, 3, 2, 1",
    "1, 9, 5, 2, 3, 3, 2, 0",
    "2, 6, 8, 3, 2, 4, 2, 1"
  })
  void convolutions(
      int batch, int height, int width, int in, int out, int size, int stride, int padding) {
    ConvolutionSizes sizes =
        new ConvolutionSizes(batch, height, width, in, out, size, stride, padding);
    float[] x = random(batch * height * width * in);
    float[] weight = random(out * size * size * in);
    float[] dy = random(batch * sizes.outHeight() * sizes.outWidth() * out);
    double[] expected = convolve(sizes, x, weight);

    Convolution convolution = device.convolution(sizes, Factors.FLOAT32);
    long y = upload(new float[dy.length]);
    convolution.forward(upload(x), upload(weight), y);
    float[] actual = download(y, dy.length);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo((float) expected[i], within(1e-5f));
    }

    // the convolution is linear in both, so ⟨y, dy⟩ is ⟨x, dx⟩ and ⟨weight, dWeight⟩
    long dx = upload(new float[x.length]);
    long dWeight = upload(new float[weight.length]);
    convolution.inputGradient(upload(weight), upload(dy), dx);
    convolution.weightGradient(upload(x), upload(dy), dWeight);
    double product = 0;
    for (int i = 0; i < dy.length; i++) {
      product += expected[i] * dy[i];
    }
    assertThat(product(x, download(dx, x.length))).isCloseTo(product, within(1e-3));
    assertThat(product(weight, download(dWeight, weight.length))).isCloseTo(product, within(1e-3));
  }

  private static double product(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static double[] convolve(ConvolutionSizes sizes, float[] x, float[] weight) {
    double[] y = new double[sizes.batch() * sizes.outHeight() * sizes.outWidth() * sizes.out()];
    for (int at = 0; at < y.length; at++) {
      int o = at % sizes.out();
      int left = at / sizes.out() % sizes.outWidth() * sizes.stride() - sizes.padding();
      int top =
          at / sizes.out() / sizes.outWidth() % sizes.outHeight() * sizes.stride()
              - sizes.padding();
      int image = at / sizes.out() / sizes.outWidth() / sizes.outHeight();
      for (int tap = 0; tap < sizes.size() * sizes.size(); tap++) {
        int row = top + tap / sizes.size();
        int column = left + tap % sizes.size();
        if (row >= 0 && row < sizes.height() && column >= 0 && column < sizes.width()) {
          for (int i = 0; i < sizes.in(); i++) {
            int pixel = (image * sizes.height() + row) * sizes.width() + column;
            int tapOfOut = o * sizes.size() * sizes.size() + tap;
            y[at] += (double) x[pixel * sizes.in() + i] * weight[tapOfOut * sizes.in() + i];
          }
        }
      }
    }
    return y;
  }
}
