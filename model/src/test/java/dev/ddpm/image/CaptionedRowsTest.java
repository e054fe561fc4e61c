package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionedRowsTest {

  private static RawImage image(int channels, int level) {
    byte[] pixels = new byte[32 * 16 * channels];
    Arrays.fill(pixels, (byte) level);
    return new RawImage(32, 16, channels, pixels);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4})
  void captionsStandBesideTheirRows(int channels) {
    RawImage sheet =
        CaptionedRows.compose(
            List.of(
                new CaptionedRows.Row("a", List.of(image(channels, 10), image(channels, 20))),
                new CaptionedRows.Row("Ankle boot", List.of(image(channels, 30)))));

    // Two rows of 64 pixels, enlarged from 32, with margins of 2; columns of 32.
    assertThat(sheet.height()).isEqualTo(2 * 66 + 2);
    assertThat(sheet.channels()).isEqualTo(channels);
    int images = 2 * 34 + 2;
    int left = sheet.width() - images;
    assertThat(left).isGreaterThan(20);
    assertThat(sheet.at(10, left + 10, 0)).isEqualTo(10);
    assertThat(sheet.at(10, left + 44, 0)).isEqualTo(20);
    assertThat(sheet.at(76, left + 10, 0)).isEqualTo(30);
    assertThat(sheet.at(76, left + 44, 0)).as("no image").isEqualTo(255);
    assertThat(darkest(sheet, 0, 66, left)).as("ink of the first caption").isLessThan(128);
    assertThat(darkest(sheet, 66, 134, left)).isLessThan(128);
    if (channels == 4) {
      assertThat(sheet.at(0, 0, 3)).isEqualTo(255);
    }
  }

  @Test
  void aLongCaptionIsCutOff() {
    RawImage whole = sheet("x".repeat(23) + "…");

    assertThat(sheet("x".repeat(500))).isEqualTo(whole);
  }

  private static RawImage sheet(String caption) {
    return CaptionedRows.compose(List.of(new CaptionedRows.Row(caption, List.of(image(1, 10)))));
  }

  private static int darkest(RawImage sheet, int top, int bottom, int width) {
    int darkest = 255;
    for (int y = top; y < bottom; y++) {
      for (int x = 0; x < width; x++) {
        darkest = Math.min(darkest, sheet.at(y, x, 0));
      }
    }
    return darkest;
  }
}
