package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * How long the Fréchet distance of many features takes, such as the 2,048 of Inception's last
 * pooling layer. It is measured on demand.
 */
@EnabledIfSystemProperty(named = "frechet.measure", matches = "true")
class FrechetSpeedTest {
  private static final int FEATURES = Integer.getInteger("frechet.features", 2048);
  private static final int BLOCK = 1024;

  private static FeatureMoments moments(long seed) {
    Random random = new Random(seed);
    FeatureMoments moments = new FeatureMoments(FEATURES);
    float[] values = new float[BLOCK * FEATURES];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    moments.add(new FeatureRows(values, BLOCK, FEATURES));
    return moments;
  }

  @Test
  void ofManyFeatures() {
    Instant start = Instant.now();
    FeatureMoments real = moments(1);
    FeatureMoments generated = moments(2);
    Duration ofMoments = Duration.between(start, Instant.now());
    start = Instant.now();
    double distance = FrechetDistance.between(real, generated);
    Duration ofDistance = Duration.between(start, Instant.now());

    System.out.printf(
        "%d features: moments of 1,024 vectors %.2f s, Fréchet distance %.1f s%n",
        FEATURES, ofMoments.toMillis() / 2e3, ofDistance.toMillis() / 1e3);
    assertThat(distance).isPositive();
  }
}
