package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.ddpm.golden.GoldenFile;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Distances between sets of feature vectors, against those of an independent implementation. */
class SetDistancesTest {
  private static final GoldenFile GOLDEN = GoldenFile.open("metrics");
  private static final FeatureRows REAL = rows("real");
  private static final FeatureRows GENERATED = rows("generated");

  private static FeatureRows rows(String name) {
    long[] shape = GOLDEN.shape(name);
    return new FeatureRows(GOLDEN.values(name), (int) shape[0], (int) shape[1]);
  }

  private static double golden(String name) {
    return GOLDEN.values(name)[0];
  }

  private static FeatureRows part(FeatureRows rows, int from, int to) {
    float[] values = new float[(to - from) * rows.features()];
    for (int row = from; row < to; row++) {
      for (int i = 0; i < rows.features(); i++) {
        values[(row - from) * rows.features() + i] = rows.at(row, i);
      }
    }
    return new FeatureRows(values, to - from, rows.features());
  }

  private static FeatureRows random(int count, int features, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count * features];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (1 + i % features) + i % 7;
    }
    return new FeatureRows(values, count, features);
  }

  private static FeatureMoments moments(FeatureRows rows, int block) {
    FeatureMoments moments = new FeatureMoments(rows.features());
    for (int first = 0; first < rows.count(); first += block) {
      moments.add(part(rows, first, Math.min(rows.count(), first + block)));
    }
    return moments;
  }

  private static void scan(FeatureRows rows, FeatureRows set, int block, Distances.Listener to) {
    for (int first = 0; first < set.count(); first += block) {
      FeatureRows some = part(set, first, Math.min(set.count(), first + block));
      Distances.scan(rows, some, first, List.of(to));
    }
  }

  private static double[] squaredRadii(FeatureRows rows, int k, int block) {
    var nearest = NearestNeighbours.within(rows.count(), k, 0);
    scan(rows, rows, block, nearest);
    double[] squared = nearest.squared();
    double[] radii = new double[rows.count()];
    Arrays.setAll(radii, row -> squared[row * k + k - 1]);
    return radii;
  }

  private static long[] around(FeatureRows rows, FeatureRows set, int k, int block) {
    var balls = new Balls(rows.count(), squaredRadii(set, k, block));
    scan(rows, set, block, balls);
    return balls.around();
  }

  private static double inside(FeatureRows rows, FeatureRows set, int k) {
    long[] around = around(rows, set, k, 64);
    return Arrays.stream(around).filter(balls -> balls > 0).count() / (double) rows.count();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 500})
  void frechetDistance(int block) {
    assertThat(FrechetDistance.between(moments(REAL, block), moments(GENERATED, block)))
        .isCloseTo(golden("frechet"), within(1e-5 * golden("frechet")));
    assertThat(FrechetDistance.between(moments(GENERATED, block), moments(REAL, block)))
        .isCloseTo(golden("frechet"), within(1e-5 * golden("frechet")));
  }

  @ParameterizedTest
  @CsvSource({"500, 16", "20, 48", "2, 5", "300, 200"})
  void aSetIsNoDistanceFromItself(int count, int features) {
    FeatureMoments moments = moments(random(count, features, 1), 64);

    assertThat(FrechetDistance.between(moments, moments)).isBetween(0.0, 1e-6 * count);
  }

  /** Of two sets in planes that have nothing in common, by hand: tr(A) + tr(B) + |μ|². */
  @Test
  void singularCovariances() {
    FeatureRows x = new FeatureRows(new float[] {-1, 0, 0, 1, 0, 0}, 2, 3);
    FeatureRows y = new FeatureRows(new float[] {0, 1, 0, 0, 3, 0}, 2, 3);

    assertThat(FrechetDistance.between(moments(x, 2), moments(y, 2))).isEqualTo(2 + 2 + 4);
    FeatureRows constant = new FeatureRows(new float[6], 2, 3);
    assertThat(FrechetDistance.between(moments(constant, 2), moments(constant, 2))).isZero();
    assertThat(FrechetDistance.between(moments(x, 2), moments(constant, 2))).isEqualTo(2);
  }

  @Test
  void momentsAreThoseOfTheDefinition() {
    FeatureRows rows = random(101, 5, 3);
    double[] mean = new double[5];
    for (int row = 0; row < 101; row++) {
      for (int i = 0; i < 5; i++) {
        mean[i] += rows.at(row, i) / 101.0;
      }
    }
    double expected = 0;
    for (int row = 0; row < 101; row++) {
      expected += (rows.at(row, 1) - mean[1]) * (rows.at(row, 4) - mean[4]) / 100;
    }

    FeatureMoments moments = moments(rows, 13);
    assertThat(moments.count()).isEqualTo(101);
    assertThat(moments.mean()).containsExactly(mean, within(1e-12));
    assertThat(moments.covariance()[1 * 5 + 4]).isCloseTo(expected, within(1e-10));
    assertThat(moments.covariance()[4 * 5 + 1]).isEqualTo(moments.covariance()[1 * 5 + 4]);
  }

  @Test
  void kernelDistance() {
    assertThat(KernelDistance.between(REAL, GENERATED))
        .isCloseTo(golden("kid"), within(1e-6 * golden("kid")));
  }

  @Test
  void kernelDistanceFromPartsOfTheSets() {
    double withinReal = 0;
    double between = 0;
    for (int first = 0; first < 500; first += 100) {
      FeatureRows block = part(REAL, first, first + 100);
      withinReal += KernelDistance.sumWithin(block);
      between += KernelDistance.sum(block, GENERATED);
      for (int other = 0; other < 500; other += 100) {
        withinReal +=
            other == first ? 0 : KernelDistance.sum(block, part(REAL, other, other + 100));
      }
    }

    assertThat(
            KernelDistance.unbiased(
                withinReal, 500, KernelDistance.sumWithin(GENERATED), 400, between))
        .isCloseTo(golden("kid"), within(1e-6 * golden("kid")));
  }

  @Test
  void precisionAndRecall() {
    assertThat(inside(GENERATED, REAL, 3)).isCloseTo(golden("precision"), withinPercentage(1e-4));
    assertThat(inside(REAL, GENERATED, 3)).isCloseTo(golden("recall"), withinPercentage(1e-4));
  }

  @Test
  void densityAndCoverage() {
    double density = Arrays.stream(around(GENERATED, REAL, 5, 300)).sum() / 5.0 / GENERATED.count();
    double[] radii = squaredRadii(REAL, 5, 500);
    var nearest = NearestNeighbours.in(REAL.count(), 1);
    scan(REAL, GENERATED, 150, nearest);
    double covered = 0;
    for (int row = 0; row < REAL.count(); row++) {
      covered += nearest.squared()[row] <= radii[row] ? 1.0 / REAL.count() : 0;
    }

    assertThat(density).isCloseTo(golden("density"), withinPercentage(1e-4));
    assertThat(covered).isCloseTo(golden("coverage"), withinPercentage(1e-4));
  }

  /** In every tile and behind every multiple of the loops, the sum is that of the definition. */
  @ParameterizedTest
  @CsvSource({"3, 700, 5", "70, 257, 130", "1, 1, 1"})
  void neighboursAreThoseOfTheDefinition(int count, int others, int features) {
    FeatureRows rows = random(count, features, 5);
    FeatureRows set = random(others, features, 6);
    var nearest = NearestNeighbours.in(count, 2);
    scan(rows, set, Math.max(1, others / 2), nearest);
    double[] squared = nearest.squared();

    for (int row = 0; row < count; row++) {
      double best = Double.POSITIVE_INFINITY;
      int id = -1;
      for (int other = 0; other < others; other++) {
        double sum = 0;
        for (int i = 0; i < features; i++) {
          sum += Math.pow((double) rows.at(row, i) - set.at(other, i), 2);
        }
        if (sum < best) {
          best = sum;
          id = other;
        }
      }
      assertThat(nearest.ids()[2 * row]).isEqualTo(id);
      assertThat(squared[2 * row]).isCloseTo(best, within(1e-9 * best));
      assertThat(squared[2 * row + 1]).isGreaterThanOrEqualTo(squared[2 * row]);
    }
  }

  @Test
  void equalVectorsHaveNoDistanceAndTheFirstIsNamed() {
    FeatureRows set = random(300, 67, 7);
    FeatureRows copy = part(set, 290, 291);
    var nearest = NearestNeighbours.in(1, 2);
    Distances.scan(copy, set, 1000, List.of(nearest));
    Distances.scan(copy, copy, 2000, List.of(nearest));
    var without = NearestNeighbours.within(1, 1, 290);
    Distances.scan(copy, set, 0, List.of(without));

    assertThat(nearest.squared()).containsExactly(0, 0);
    assertThat(nearest.ids()).containsExactly(1290, 2000);
    assertThat(without.squared()[0]).isPositive();
  }

  @Test
  void fewerNeighboursThanAskedForAreInfinitelyFar() {
    var nearest = NearestNeighbours.within(1, 3, 0);
    Distances.scan(part(REAL, 0, 1), part(REAL, 0, 2), 0, List.of(nearest));

    assertThat(nearest.squared()[0]).isFinite();
    assertThat(nearest.squared()[1]).isInfinite();
    assertThat(nearest.ids()).containsExactly(1, -1, -1);
  }
}
