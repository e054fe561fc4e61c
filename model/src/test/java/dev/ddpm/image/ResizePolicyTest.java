package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.image.ResizePolicy.Mode;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ResizePolicyTest {

  private static RawImage resize(RawImage image, int height, int width, Mode mode) {
    return new ResizePolicy(height, width, mode, new Rgb(1, 2, 3)).apply(image);
  }

  private static RawImage constant(int height, int width, int channels, int value) {
    byte[] pixels = new byte[height * width * channels];
    Arrays.fill(pixels, (byte) value);
    return new RawImage(height, width, channels, pixels);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void theRightSizeIsUntouched(Mode mode) {
    RawImage image = Pictures.varied(3, 5, 4);

    assertThat(resize(image, 3, 5, mode)).isSameAs(image);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void anEvenPictureOfTheSameShapeStaysEven(Mode mode) {
    assertThat(resize(constant(20, 30, 3, 201), 10, 15, mode)).isEqualTo(constant(10, 15, 3, 201));
    assertThat(resize(constant(2, 3, 3, 201), 10, 15, mode)).isEqualTo(constant(10, 15, 3, 201));
  }

  /** Against the two-dimensional sum of the kernel, evaluated directly by another program. */
  @Test
  void stretchesByTheCubicKernel() {
    byte[] pixels = new byte[35];
    for (int i = 0; i < 35; i++) {
      int y = i / 7;
      int x = i % 7;
      pixels[i] = (byte) (y * 53 + x * 97 + x * y % 7 * 11);
    }
    RawImage image = new RawImage(5, 7, 1, pixels);

    assertThat(resize(image, 3, 4, Mode.STRETCH))
        .isEqualTo(Pictures.of(3, 4, 1, 69, 104, 144, 147, 132, 134, 192, 145, 137, 130, 129, 114));
    assertThat(Arrays.copyOf(resize(image, 8, 9, Mode.STRETCH).pixels(), 18))
        .isEqualTo(
            Pictures.of(
                    2, 9, 1, 0, 53, 158, 182, 29, 97, 208, 191, 53, 13, 87, 129, 107, 65, 150, 179,
                    152, 112)
                .pixels());
  }

  @Test
  void cropsAroundTheCentre() {
    RawImage wide = Pictures.of(2, 6, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    RawImage tall = Pictures.of(4, 1, 3, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4);

    assertThat(resize(wide, 2, 2, Mode.CENTER_CROP)).isEqualTo(Pictures.of(2, 2, 1, 2, 3, 8, 9));
    assertThat(resize(tall, 2, 1, Mode.CENTER_CROP))
        .isEqualTo(Pictures.of(2, 1, 3, 2, 2, 2, 3, 3, 3));
  }

  @Test
  void aCropIsAWindowOfTheScaledPicture() {
    RawImage image = Pictures.varied(24, 40, 3);
    RawImage scaled = resize(image, 12, 20, Mode.STRETCH);

    RawImage cropped = resize(image, 12, 12, Mode.CENTER_CROP);

    for (int y = 0; y < 12; y++) {
      for (int x = 0; x < 12; x++) {
        for (int c = 0; c < 3; c++) {
          assertThat(cropped.at(y, x, c)).isEqualTo(scaled.at(y, x + 4, c));
        }
      }
    }
  }

  @Test
  void padsWithTheGivenColour() {
    RawImage wide = constant(1, 2, 3, 90);

    assertThat(resize(wide, 4, 2, Mode.PAD))
        .isEqualTo(
            Pictures.of(
                4, 2, 3, 1, 2, 3, 1, 2, 3, 90, 90, 90, 90, 90, 90, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2,
                3));
    assertThat(resize(constant(1, 1, 1, 90), 1, 3, Mode.PAD))
        .isEqualTo(Pictures.of(1, 3, 1, 2, 90, 2));
    assertThat(resize(constant(1, 1, 4, 255), 1, 3, Mode.PAD))
        .isEqualTo(Pictures.of(1, 3, 4, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0));
  }

  @Test
  void invisibleColourDoesNotBleed() {
    RawImage half = Pictures.of(1, 2, 4, 255, 0, 0, 0, 10, 20, 30, 255);

    assertThat(resize(half, 1, 1, Mode.STRETCH)).isEqualTo(Pictures.of(1, 1, 4, 10, 20, 30, 128));
  }

  @Test
  void extremeShapesKeepAtLeastOnePixel() {
    assertThat(resize(constant(1, 500, 1, 8), 4, 4, Mode.PAD).at(1, 2, 0)).isEqualTo(8);
    assertThat(resize(constant(500, 1, 1, 8), 4, 4, Mode.CENTER_CROP))
        .isEqualTo(constant(4, 4, 1, 8));
  }

  @Test
  void refusesImpossibleSizes() {
    assertThatThrownBy(() -> new ResizePolicy(0, 4, Mode.PAD, Rgb.BLACK))
        .hasMessage("height = 0: must be 1 to 8192 pixels.");
    assertThatThrownBy(() -> new ResizePolicy(4, 8193, Mode.PAD, Rgb.BLACK))
        .hasMessage("width = 8193: must be 1 to 8192 pixels.");
  }
}
