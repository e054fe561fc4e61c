package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.cuda.Device.Convolution;
import dev.ddpm.backend.cuda.Device.ConvolutionSizes;
import dev.ddpm.backend.cuda.Device.Factors;
import dev.ddpm.backend.cuda.Device.Recording;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions by windows are those of the card's library, here of the emulated one. */
class WindowedConvolutionTest {
  /** As a network has them: the first and the last one, halving, and one that is transposed. */
  private static final ConvolutionSizes[] ALL = {
    new ConvolutionSizes(2, 6, 5, 3, 8, 3, 1, 1),
    new ConvolutionSizes(2, 5, 6, 8, 1, 3, 1, 1),
    new ConvolutionSizes(1, 7, 9, 4, 4, 3, 2, 0),
    new ConvolutionSizes(1, 5, 6, 3, 4, 3, 2, 1),
    new ConvolutionSizes(2, 8, 8, 8, 4, 4, 2, 1)
  };

  private final EmulatedDevice device = new EmulatedDevice();
  private int drawn;
  private long scratch;

  private WindowedConvolution windowed(ConvolutionSizes sizes, Factors factors) {
    scratch = 0;
    return new WindowedConvolution(device, sizes, factors, this::scratch);
  }

  private long scratch(long bytes) {
    if (scratch == 0) {
      scratch = device.allocate(bytes);
    }
    return scratch;
  }

  private long factors(int count, Factors type) {
    float[] values = new float[count];
    CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, drawn++, 0, values, 0, count);
    long address = device.allocate((long) count * Float.BYTES);
    device.upload(values, 0, count, address);
    if (type != Factors.BFLOAT16) {
      return address;
    }
    long rounded = device.allocate((long) count * Short.BYTES);
    Launches.run(device, "roundToBfloat16", count, address, rounded, count);
    return rounded;
  }

  private long results(int count) {
    long address = device.allocate((long) count * Float.BYTES);
    float[] old = new float[count];
    Arrays.fill(old, 7);
    device.upload(old, 0, count, address);
    return address;
  }

  private float[] download(long address, int count) {
    float[] values = new float[count];
    device.download(address, values, 0, count);
    return values;
  }

  private void assertSame(long actual, long expected, int count) {
    assertThat(download(actual, count))
        .usingComparatorWithPrecision(2e-5f)
        .containsExactly(download(expected, count));
  }

  @ParameterizedTest
  @EnumSource
  void computesWhatTheLibraryComputes(Factors factors) {
    for (ConvolutionSizes sizes : ALL) {
      int images = sizes.batch() * sizes.height() * sizes.width() * sizes.in();
      int results = sizes.batch() * sizes.outHeight() * sizes.outWidth() * sizes.out();
      int weights = sizes.out() * sizes.size() * sizes.size() * sizes.in();
      long x = factors(images, factors);
      long weight = factors(weights, factors);
      long dy = factors(results, factors);
      long[] y = {results(results), results(results)};
      long[] dx = {results(images), results(images)};
      long[] gradient = {results(weights), results(weights)};
      Convolution[] both = {windowed(sizes, factors), device.convolution(sizes, factors)};
      for (int i = 0; i < both.length; i++) {
        both[i].forward(x, weight, y[i]);
        both[i].inputGradient(weight, dy, dx[i]);
        both[i].weightGradient(x, dy, gradient[i]);
      }

      assertSame(y[0], y[1], results);
      assertSame(dx[0], dx[1], images);
      assertSame(gradient[0], gradient[1], weights);
    }
  }

  @Test
  void isRecordedOnceItHasItsMemory() {
    ConvolutionSizes sizes = ALL[0];
    Convolution convolution = windowed(sizes, Factors.FLOAT32);
    long x = factors(2 * 6 * 5 * 3, Factors.FLOAT32);
    long weight = factors(8 * 27, Factors.FLOAT32);
    long y = results(2 * 6 * 5 * 8);
    convolution.forward(x, weight, y);
    float[] first = download(y, 2 * 6 * 5 * 8);
    try (Recording recording = device.record(() -> convolution.forward(x, weight, y))) {
      device.clear(y, 2 * 6 * 5 * 8 * Float.BYTES);
      recording.replay();
    }
    assertThat(download(y, 2 * 6 * 5 * 8)).containsExactly(first);
    assertThat(first[0]).isNotCloseTo(0, within(1e-3f));
  }

  @Test
  void windowsThatTakeTooMuchMemoryAreRefused() {
    assertThatThrownBy(
            () -> windowed(new ConvolutionSizes(4096, 64, 64, 32, 32, 3, 1, 1), Factors.FLOAT32))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessage(
            "cuDNN has no convolution of 4096 images (64 × 64, from 32 to 32 channels) that gives"
                + " the same bits every time, and their windows are too large for a product (18432"
                + " MiB, of at most 1024): lower the batch size, install another version of cuDNN"
                + " 9, or set backend.device = cpu.");
  }
}
