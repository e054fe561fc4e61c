package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JackKnifeTest {

  /** Of a mean it is the variance of single values, n − 1 in the denominator, divided by n. */
  @Test
  void theVarianceOfAMeanIsThatOfTheTextbooks() {
    float[] values = {1, 2, 4, 8, -3, 0.5f};
    List<FeatureMoments> parts = new ArrayList<>();
    FeatureMoments all = new FeatureMoments(1);
    for (float value : values) {
      FeatureMoments part = new FeatureMoments(1);
      part.add(new FeatureRows(new float[] {value}, 1, 1));
      parts.add(part);
      all.merge(part);
    }

    double variance = JackKnife.variance(parts, some -> some.mean()[0]);

    assertThat(variance).isCloseTo(all.covariance()[0] / values.length, within(1e-12));
    assertThat(parts).hasSize(values.length);
  }
}
