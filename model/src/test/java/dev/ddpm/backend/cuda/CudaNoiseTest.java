package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Normals;
import dev.ddpm.random.Stream;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random numbers and noised images on a card have the bits that they have on the CPU. */
class CudaNoiseTest {
  private final EmulatedDevice device = new EmulatedDevice();
  private final Engine engine = new CudaEngine(device, Precision.FLOAT32);

  @AfterEach
  void close() {
    device.close();
  }

  private float[] normals(int count, int first, int step) {
    long address = device.allocate((long) count * Float.BYTES);
    Launches.run(device, "normalsOfWords", count, address, count, first, step);
    float[] values = new float[count];
    device.download(address, values, 0, count);
    device.free(address);
    return values;
  }

  private void assertNormals(int count, int first, int step) {
    float[] actual = normals(count, first, step);
    int word = first;
    for (int i = 0; i < count; i++, word += step) {
      int expected = Float.floatToRawIntBits(Normals.of(word));
      if (Float.floatToRawIntBits(actual[i]) != expected) {
        assertThat(actual[i])
            .as("normal number of %s", Integer.toHexString(word))
            .isEqualTo(Float.intBitsToFloat(expected));
      }
    }
  }

  /** Every 2^10th word or so, from a start that is drawn: all the way round. */
  @Test
  void normalNumbersAreEqualToTheBit() {
    assertNormals(1 << 22, new Random(21).nextInt(), 1021);
  }

  /**
   * At both ends, in the middle, where the formula changes, and where the logarithm's does: around
   * powers of two and those times √2.
   */
  @Test
  void normalNumbersAreEqualAtTheEdges() {
    int around = 1 << 12;
    assertNormals(2 * around, -around, 1);
    assertNormals(2 * around, Integer.MIN_VALUE - around, 1);
    for (double share : new double[] {0.075, 0.925}) {
      assertNormals(2 * around, (int) (long) (share * 0x1p32) - around, 1);
    }
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      for (double factor : new double[] {1, Math.sqrt(2), 1.38, 1.71}) {
        int word = (int) (long) (factor * (1L << bit));
        assertNormals(64, word - 32, 1);
        assertNormals(64, -word - 32, 1);
      }
    }
  }

  /** The twin: equal bits are no matter of course. */
  @Test
  void neighbouringWordsHaveOtherNumbers() {
    assertThat(normals(1, 1 << 20, 1)).isNotEqualTo(normals(1, (1 << 20) + 4096, 1));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 0, 0, 0",
    "3, 7, 12, -1, 5",
    "2, 3072, 4294967298, 999, -3",
    "5, 12, -2, 2147483647, 4294967299"
  })
  void noiseIsThatOfTheCpu(int images, int size, long firstIndex, int step, long seed) {
    Tensor noise = engine.allocate(images, size);
    float[] expected = new float[images * size];
    float[] actual = new float[images * size];
    for (int i = 0; i < images; i++) {
      CounterRandom.gaussian(
          seed, Stream.SAMPLE_NOISE, firstIndex + i, step, expected, i * size, size);
    }

    engine.kernels().gaussian(seed, Stream.SAMPLE_NOISE, firstIndex, step, noise);
    noise.download(actual, 0);

    assertThat(actual).isEqualTo(expected);
  }

  /** Images of a batch of which the first and the last are another's. */
  private static CleanBatch batch(int size, ImageShape image) {
    Random random = new Random(4);
    byte[][] levels = new byte[size][image.size()];
    long[] ids = new long[size];
    int[] uses = new int[size];
    boolean[] mirrored = new boolean[size];
    int[] timesteps = new int[size];
    for (int i = 0; i < size; i++) {
      random.nextBytes(levels[i]);
      ids[i] = i % 2 == 0 ? i : random.nextLong();
      uses[i] = random.nextInt(1000);
      mirrored[i] = i % 3 == 1;
      timesteps[i] = random.nextInt(1000);
    }
    return new CleanBatch(size, levels, ids, uses, mirrored, timesteps, null);
  }

  @ParameterizedTest
  @CsvSource({
    "EPSILON, MINUS_ONE_TO_ONE, 8, 8, 3, 5",
    "V, MINUS_ONE_TO_ONE, 3, 5, 1, -7",
    "X0, ZERO_TO_ONE, 1, 7, 3, 11",
    "EPSILON, ZERO_TO_ONE, 28, 28, 1, 4294967299"
  })
  void noisedImagesAreThoseOfTheCpu(
      Prediction prediction, DataRange range, int height, int width, int channels, long seed) {
    ImageShape image = new ImageShape(height, width, channels);
    Noising noising = new Noising(image, range, NoiseSchedule.linear(1000), prediction, seed);
    CleanBatch batch = batch(9, image);
    int from = 2;
    // more images than before: the memory grows
    for (int images : new int[] {2, 6}) {
      Tensor xt = engine.allocate(images, height, width, channels);
      Tensor target = engine.allocate(images, height, width, channels);
      engine.kernels().noise(noising, batch, from, xt, target);
      float[] actualXt = new float[images * image.size()];
      float[] actualTarget = new float[images * image.size()];
      xt.download(actualXt, 0);
      target.download(actualTarget, 0);

      Noising.Noised expected = noising.apply(batch, from, images);
      assertThat(actualXt).isEqualTo(expected.xt());
      assertThat(actualTarget).isEqualTo(expected.target());
    }
  }
}
