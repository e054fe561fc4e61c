package dev.ddpm.evaluation.extractor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PixelsSpecTest {
  private static final ImageShape SHAPE = new ImageShape(28, 28, 1);

  /** A smooth picture of its own for each seed, with a bright middle. */
  private static byte[] picture(ImageShape shape, int seed) {
    byte[] pixels = new byte[shape.size()];
    double[] waves = new double[6];
    for (int i = 0; i < waves.length; i++) {
      waves[i] = CounterRandom.uniform(9, Stream.SAMPLE_NOISE, seed, i);
    }
    for (int i = 0; i < pixels.length; i++) {
      int pixel = i / shape.channels();
      int row = pixel / shape.width();
      double y = (double) row / shape.height();
      double x = (double) (pixel % shape.width()) / shape.width();
      double value =
          0.5
              + 0.25 * StrictMath.sin(6 * waves[0] + 9 * waves[1] * x + 9 * waves[2] * y)
              + 0.25 * StrictMath.sin(6 * waves[3] + 9 * waves[4] * x - 9 * waves[5] * y);
      pixels[i] = (byte) (value * 255);
    }
    return pixels;
  }

  private static float[] features(ImageShape shape, byte[] image) {
    try (FeatureExtractor extractor = new PixelsSpec().open(shape)) {
      float[] features = new float[extractor.features()];
      extractor.extract(image, features, 0);
      return features;
    }
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  @ParameterizedTest
  @CsvSource({
    "28,28,1,96",
    "32,32,3,96",
    "64,64,3,128",
    "1,1,1,32",
    "13,200,4,32",
    "300,200,3,160"
  })
  void describesImagesOfAnyShape(int height, int width, int channels, int expected) {
    ImageShape shape = new ImageShape(height, width, channels);

    float[] features = features(shape, picture(shape, 1));

    assertThat(features).hasSize(expected);
    for (float feature : features) {
      assertThat(feature).isFinite();
    }
  }

  /** Guards the bits: other features have another name. */
  @Test
  void theBitsAreFixed() {
    CRC32 sum = new CRC32();
    for (ImageShape shape : new ImageShape[] {SHAPE, new ImageShape(33, 70, 3)}) {
      for (float feature : features(shape, picture(shape, 1))) {
        int bits = Float.floatToIntBits(feature);
        sum.update(
            new byte[] {
              (byte) (bits >>> 24), (byte) (bits >>> 16), (byte) (bits >>> 8), (byte) bits
            });
      }
    }

    assertThat(new PixelsSpec().settings()).hasToString("{kind=pixels-1}");
    assertThat(sum.getValue()).isEqualTo(357_220_259L);
  }

  @Test
  void anImageIsDescribedAlikeAfterAnyOther() {
    float[] together = new float[1 + 3 * 96];

    try (FeatureExtractor extractor = new PixelsSpec().open(SHAPE)) {
      for (int i = 0; i < 3; i++) {
        extractor.extract(picture(SHAPE, i), together, 1 + i * 96);
      }
    }

    for (int i = 0; i < 3; i++) {
      assertThat(Arrays.copyOfRange(together, 1 + i * 96, 1 + (i + 1) * 96))
          .isEqualTo(features(SHAPE, picture(SHAPE, i)));
    }
  }

  /** Copies that people call copies are nearer than any other picture. */
  @Test
  void whatWasMovedOrBrightenedStaysNear() {
    byte[] image = picture(SHAPE, 3);
    byte[] shifted = new byte[image.length];
    byte[] brightened = new byte[image.length];
    for (int i = 0; i < image.length; i++) {
      shifted[i] = image[i % 28 == 0 ? i : i - 1];
      brightened[i] = (byte) Math.min(255, (image[i] & 0xff) + 10);
    }
    float[] described = features(SHAPE, image);

    double nearest =
        IntStream.range(4, 104)
            .mapToDouble(i -> distance(described, features(SHAPE, picture(SHAPE, i))))
            .min()
            .orElseThrow();

    assertThat(distance(described, features(SHAPE, shifted))).isLessThan(nearest);
    assertThat(distance(described, features(SHAPE, brightened))).isLessThan(nearest);
  }

  /** The finest level tells blurred pictures and noisy ones from sharp ones. */
  @Test
  void noiseShowsOnTheFinestLevel() {
    byte[] image = picture(SHAPE, 3);
    byte[] noisy = image.clone();
    for (int i = 0; i < image.length; i++) {
      int noise = CounterRandom.uniformInt(1, Stream.SAMPLE_NOISE, 0, i, 41) - 20;
      noisy[i] = (byte) Math.max(0, Math.min(255, (image[i] & 0xff) + noise));
    }

    float[] a = features(SHAPE, image);
    float[] b = features(SHAPE, noisy);

    assertThat(distance(Arrays.copyOf(a, 32), Arrays.copyOf(b, 32)))
        .isGreaterThan(2 * distance(Arrays.copyOfRange(a, 64, 96), Arrays.copyOfRange(b, 64, 96)));
  }
}
