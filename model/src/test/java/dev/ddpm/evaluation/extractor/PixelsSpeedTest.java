package dev.ddpm.evaluation.extractor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.image.ImageShape;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** How long the features of an image take. EXTRACTORS.md has the figure; measured on demand. */
@EnabledIfSystemProperty(named = "pixels.measure", matches = "true")
class PixelsSpeedTest {
  private static final int IMAGES = 5_000;

  @Test
  void of28Times28() {
    ImageShape shape = new ImageShape(28, 28, 1);
    byte[] image = new byte[shape.size()];
    new Random(1).nextBytes(image);
    try (FeatureExtractor extractor = new PixelsSpec().open(shape)) {
      float[] features = new float[extractor.features()];
      long start = 0;
      for (int i = 0; i < 2 * IMAGES; i++) {
        // The first half is for the compiler.
        start = i == IMAGES ? System.nanoTime() : start;
        extractor.extract(image, features, 0);
      }
      System.out.printf(
          "pixels: %.3f ms per image of %s%n", (System.nanoTime() - start) / 1e6 / IMAGES, shape);
      assertThat(features).isNotEmpty();
    }
  }
}
