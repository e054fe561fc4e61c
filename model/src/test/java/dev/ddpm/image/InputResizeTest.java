package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.golden.GoldenFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InputResizeTest {
  private static final GoldenFile PILLOW = GoldenFile.resource("/resize/pillow.safetensors");

  /** As {@code resize/pillow.py} has it. */
  private static byte[] picture(int height, int width, int channels) {
    byte[] pixels = new byte[height * width * channels];
    int i = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          pixels[i++] = (byte) (y * y * 7 + x * y * 13 + x * x * 5 + c * 89);
        }
      }
    }
    return pixels;
  }

  /** Pillow adds up in float64 and keeps float32 between the axes. */
  @ParameterizedTest
  @CsvSource({"28,28,1", "13,9,3", "64,48,3", "32,20,3", "9,31,1", "1,2,3"})
  void isThatOfPillowAndCleanFid(int height, int width, int channels) {
    String name = height + "x" + width;
    float[] expected = PILLOW.values(name);
    float[] scaled = new float[expected.length];

    new InputResize(
            new ImageShape(height, width, channels),
            (int) PILLOW.shape(name)[0],
            (int) PILLOW.shape(name)[1])
        .apply(picture(height, width, channels), scaled);

    for (int i = 0; i < scaled.length; i++) {
      assertThat(scaled[i]).isCloseTo(expected[i], within(1e-4f));
    }
  }

  @Test
  void theRightSizeIsLeftAsItIs() {
    byte[] image = picture(12, 9, 3);
    float[] scaled = new float[image.length];

    new InputResize(new ImageShape(12, 9, 3), 12, 9).apply(image, scaled);

    for (int i = 0; i < scaled.length; i++) {
      assertThat(scaled[i]).isEqualTo(image[i] & 0xff);
    }
  }

  @Test
  void takesImagesWithoutAlpha() {
    ImageShape withAlpha = new ImageShape(4, 4, 4);
    assertThatIllegalArgumentException().isThrownBy(() -> new InputResize(withAlpha, 8, 8));
  }
}
