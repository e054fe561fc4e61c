package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the engine asks of kernels around convolutions and products moves values, to the bit. */
class ImageKernelsTest {
  private final EmulatedDevice device = new EmulatedDevice();

  @AfterEach
  void close() {
    device.close();
  }

  private static float[] random(int count) {
    float[] values = new float[count];
    CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, 0, 0, values, 0, count);
    return values;
  }

  private long upload(float... values) {
    long address = device.allocate((long) values.length * Float.BYTES);
    device.upload(values, 0, values.length, address);
    return address;
  }

  private float[] download(long address, int count) {
    device.synchronize();
    float[] values = new float[count];
    device.download(address, values, 0, count);
    return values;
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "27, 64", "64, 27", "33, 31", "144, 128"})
  void transposed(int rows, int columns) {
    float[] x = random(rows * columns);
    long y = upload(new float[x.length]);
    device.launch(
        "transpose",
        Launches.divide(columns, 32),
        Launches.divide(rows, 32),
        256,
        0,
        upload(x),
        y,
        rows,
        columns);

    float[] expected = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      expected[i % columns * rows + i / columns] = x[i];
    }
    assertThat(download(y, x.length)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"1, 2, 2, 1", "2, 6, 4, 3", "3, 4, 2, 8"})
  void paddedAtTheEnd(int batch, int height, int width, int channels) {
    float[] x = random(batch * height * width * channels);
    int count = batch * (height + 1) * (width + 1) * channels;
    long padded = upload(random(count));
    long back = upload(new float[x.length]);
    Launches.run(device, "padEnd", count, upload(x), padded, count, height, width, channels);
    Launches.run(device, "cropEnd", x.length, padded, back, x.length, height, width, channels);

    float[] expected = new float[count];
    for (int i = 0; i < x.length; i++) {
      int pixel = i / channels;
      int row = pixel / width % height;
      int image = pixel / width / height;
      int at = (image * (height + 1) + row) * (width + 1) + pixel % width;
      expected[at * channels + i % channels] = x[i];
    }
    assertThat(download(padded, count)).isEqualTo(expected);
    assertThat(download(back, x.length)).isEqualTo(x);
  }

  @Test
  void roundsToTheNearestBfloat16() {
    float[] x = {
      0,
      -0f,
      1,
      -1.5f,
      0x1.01p0f,
      0x1.03p0f,
      Math.nextUp(0x1.01p0f),
      0x1.ffp127f,
      1e-40f,
      -Float.MIN_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      Float.intBitsToFloat(0x7f800001),
      Float.MAX_VALUE,
      (float) Math.PI,
      0.1f
    };
    long y = device.allocate(x.length * 2L);
    Launches.run(device, "roundToBfloat16", x.length, upload(x), y, x.length);

    device.synchronize();
    short[] rounded = device.shorts(y, x.length);
    int[] bits = new int[x.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Short.toUnsignedInt(rounded[i]);
    }
    assertThat(bits)
        .containsExactly(
            0x0000, 0x8000, 0x3f80, 0xbfc0, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x0001, 0x8000, 0x7f80,
            0xff80, 0x7fc0, 0x7fc0, 0x7f80, 0x4049, 0x3dcd);
  }

  /** Every bfloat16, there and back. */
  @Test
  void widensEveryBfloat16() {
    int count = 1 << Short.SIZE;
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = Float.intBitsToFloat(i << Short.SIZE);
    }
    long narrow = device.allocate(count * 2L);
    long wide = device.allocate(count * 4L);
    Launches.run(device, "roundToBfloat16", count, upload(x), narrow, count);
    Widening.run(device::launch, narrow, wide, count);

    assertThat(download(wide, count)).isEqualTo(x);
  }
}
