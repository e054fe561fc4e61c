package dev.ddpm.evaluation.extractor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.image.ImageShape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PyramidTest {

  @Test
  void halvesDownToTheSizeOfAPatch() {
    assertThat(Pyramid.shapes(new ImageShape(28, 28, 1)))
        .containsExactly(
            new ImageShape(28, 28, 1), new ImageShape(14, 14, 1), new ImageShape(7, 7, 1));
    assertThat(Pyramid.shapes(new ImageShape(33, 70, 3)))
        .containsExactly(
            new ImageShape(33, 70, 3), new ImageShape(17, 35, 3), new ImageShape(9, 18, 3));
    assertThat(Pyramid.shapes(new ImageShape(13, 200, 1))).hasSize(1);
    assertThat(Pyramid.shapes(new ImageShape(1, 1, 4))).hasSize(1);
  }

  /** The weights of shrinking and those of growing add up to 1 everywhere. */
  @ParameterizedTest
  @CsvSource({"28,28,1", "33,70,3", "15,14,4"})
  void anEvenImageHasNothingToTakeAway(int height, int width, int channels) {
    ImageShape shape = new ImageShape(height, width, channels);
    byte[] image = new byte[shape.size()];
    Arrays.fill(image, (byte) 51);

    double[][] levels = new Pyramid(shape).of(image);

    for (int level = 0; level < levels.length; level++) {
      double expected = level == levels.length - 1 ? 0.2 : 0;
      for (double value : levels[level]) {
        assertThat(value).isCloseTo(expected, within(1e-15));
      }
    }
  }

  /** One bright pixel, small enough to be done by hand: along a row 1 4 6 4 1, of each second. */
  @Test
  void theSmallPictureIsFilteredByTheBinomial() {
    ImageShape shape = new ImageShape(14, 14, 1);
    byte[] image = new byte[shape.size()];
    image[6 * 14 + 6] = (byte) 255;

    double[][] levels = new Pyramid(shape).of(image);

    double[] small = levels[1];
    assertThat(Arrays.copyOfRange(small, 3 * 7 + 1, 3 * 7 + 6))
        .containsExactly(0, 6 / 256.0, 36 / 256.0, 6 / 256.0, 0);
    assertThat(levels[0][6 * 14 + 6]).isCloseTo(1 - grownAtCentre(small), within(1e-15));
  }

  private static double grownAtCentre(double[] small) {
    double[] weights = {1 / 8.0, 6 / 8.0, 1 / 8.0};
    double sum = 0;
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 3; x++) {
        sum += weights[y] * weights[x] * small[(y + 2) * 7 + x + 2];
      }
    }
    return sum;
  }
}
