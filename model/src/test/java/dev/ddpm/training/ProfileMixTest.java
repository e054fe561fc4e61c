package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run of 960 rounds of 32 images, of which every 40th round has a snapshot. */
class ProfileMixTest {
  private static final int ROUNDS = 960;
  private static final int SNAPSHOT_EVERY = 40;
  private static final int BATCH = 32;
  private static final int WEIGHTS = 50;

  private final List<ProfileMix.At> moments = new ArrayList<>();
  private final List<float[]> kept = new ArrayList<>();

  /** Weights that drift and jitter, each at its own pace, from far away. */
  private static float[] weights(int round, Random random) {
    float[] weights = new float[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      weights[i] =
          (float)
              (5 * Math.exp(-round / (10.0 * (i + 1)))
                  + Math.sin(round * (i + 1) / 300.0)
                  + 0.3 * random.nextGaussian());
    }
    return weights;
  }

  /** The average with a profile of all weights of the run, and the kept ones on the way. */
  private double[] train(PowerProfile profile) {
    var random = new Random(3);
    float[] averages = KeptProfiles.initial(WEIGHTS);
    double[] exact = new double[WEIGHTS];
    for (int round = 1; round <= ROUNDS; round++) {
      float[] weights = weights(round, random);
      long before = (long) (round - 1) * BATCH;
      long after = (long) round * BATCH;
      KeptProfiles.update(averages, weights, before, after);
      double keep = profile.decay(before, after);
      for (int i = 0; i < WEIGHTS; i++) {
        exact[i] = keep * exact[i] + (1 - keep) * weights[i];
      }
      if (round % SNAPSHOT_EVERY == 0) {
        for (int p = 0; p < KeptProfiles.PROFILES.size(); p++) {
          moments.add(new ProfileMix.At(KeptProfiles.PROFILES.get(p), after));
          float[] average = new float[WEIGHTS];
          System.arraycopy(averages, p * WEIGHTS, average, 0, WEIGHTS);
          kept.add(average);
        }
      }
    }
    return exact;
  }

  private double[] mixed(ProfileMix mix) {
    double[] sum = new double[WEIGHTS];
    for (int k = 0; k < kept.size(); k++) {
      for (int i = 0; i < WEIGHTS; i++) {
        sum[i] += mix.shares().get(k) * kept.get(k)[i];
      }
    }
    return sum;
  }

  private static double distance(double[] a, double[] b) {
    double square = 0;
    for (int i = 0; i < a.length; i++) {
      square += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(square / a.length);
  }

  /** With weights of about 1: what is missed is far below the difference to what was kept. */
  @ParameterizedTest
  @CsvSource({"0.02, 0.02", "0.03, 0.01", "0.07, 0.001", "0.15, 0.002", "0.2, 0.005", "0.25, 0.05"})
  void otherWidthsAreMadeOfThinnedSnapshots(double width, double bound) {
    var profile = new PowerProfile(width);
    double[] exact = train(profile);

    ProfileMix mix = ProfileMix.of(moments, new ProfileMix.At(profile, (long) ROUNDS * BATCH));

    assertThat(distance(mixed(mix), exact)).isLessThan(bound);
    assertThat(mix.shares().stream().mapToDouble(share -> share).sum()).isEqualTo(1, within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.1})
  void aWidthThatWasKeptIsTakenAsItIs(double width) {
    var profile = new PowerProfile(width);
    double[] exact = train(profile);

    ProfileMix mix = ProfileMix.of(moments, new ProfileMix.At(profile, (long) ROUNDS * BATCH));

    int own = moments.size() - 2 + KeptProfiles.PROFILES.indexOf(profile);
    for (int k = 0; k < moments.size(); k++) {
      assertThat(mix.shares().get(k)).isEqualTo(k == own ? 1 : 0, within(1e-9));
    }
    assertThat(mix.error()).isLessThan(1e-6);
    assertThat(distance(mixed(mix), exact)).isLessThan(1e-6);
  }

  /** As it was in the midst of the run. */
  @Test
  void anEarlierMomentCanBeMade() {
    train(new PowerProfile(0.1));
    long images = (long) ROUNDS * BATCH / 2;

    ProfileMix mix = ProfileMix.of(moments, new ProfileMix.At(new PowerProfile(0.1), images));

    int own = moments.indexOf(new ProfileMix.At(new PowerProfile(0.1), images));
    assertThat(mix.shares().get(own)).isEqualTo(1, within(1e-9));
  }

  @Test
  void whatOneSnapshotCannotMakeIsTold() {
    var narrow = new ProfileMix.At(new PowerProfile(0.05), 1000);

    ProfileMix mix =
        ProfileMix.of(List.of(narrow), new ProfileMix.At(new PowerProfile(0.25), 1000));

    assertThat(mix.shares()).containsExactly(1.0);
    assertThat(mix.error()).isGreaterThan(0.5);
  }
}
