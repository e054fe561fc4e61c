package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Variance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BoundEvaluatorTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);
  private static final byte[] LEVELS = {10, 100, (byte) 150, (byte) 240};
  private static final OptionalInt NO_CLASS = OptionalInt.empty();
  private static final int SIZE = LEVELS.length;

  /** Knows the image, and so the noise. */
  private static final Denoiser PERFECT =
      (in, epsilon) -> {
        float[] x0 = new float[SIZE];
        DataRange.MINUS_ONE_TO_ONE.fromBytes(LEVELS, 0, x0, 0, SIZE);
        for (int i = 0; i < in.size() * SIZE; i++) {
          int t = (int) in.timesteps()[i / SIZE];
          epsilon[i] =
              (float) ((in.xt()[i] - SCHEDULE.signal(t) * x0[i % SIZE]) / SCHEDULE.noise(t));
        }
      };

  /** Takes half of what it sees for noise. */
  private static final Denoiser ROUGH =
      (in, epsilon) -> {
        for (int i = 0; i < in.size() * SIZE; i++) {
          epsilon[i] = in.xt()[i] / 2;
        }
      };

  private static void notCounted(int timesteps) {}

  private static BoundEvaluator evaluator(Denoiser model, int drawn, int batch, long seed) {
    return new BoundEvaluator(
        SCHEDULE, Variance.FIXED_LARGE, Prediction.EPSILON, model, SIZE, drawn, batch, seed);
  }

  @Test
  void aPerfectModelCostsWhatTheSpecificationSays() {
    ImageBound bound =
        evaluator(PERFECT, 999, 64, 1)
            .evaluate(7, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted);

    assertThat(bound.id()).isEqualTo(7);
    assertThat(bound.decoder()).isCloseTo(1.305665, within(1e-4));
    assertThat(bound.transitions()).isCloseTo(0.486419, within(1e-5));
    assertThat(bound.prior()).isBetween(1e-5, 3e-5);
    assertThat(bound.bitsPerDim()).isEqualTo(bound.decoder() + bound.transitions() + bound.prior());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void theBatchDoesNotMatter(int batch) {
    assertThat(
            evaluator(ROUGH, 999, batch, 1)
                .evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted))
        .isEqualTo(
            evaluator(ROUGH, 999, 64, 1)
                .evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted));
  }

  @Test
  void everyTimestepIsCounted() {
    List<Integer> counts = new ArrayList<>();

    evaluator(ROUGH, 24, 10, 1).evaluate(3, LEVELS, NO_CLASS, counts::add);

    assertThat(counts).containsExactly(9, 9, 7);
  }

  /** A model keeps buffers for every size. */
  @Test
  void allBatchesHaveOneSize() {
    Set<Integer> sizes = new TreeSet<>();
    Denoiser listening = (in, epsilon) -> sizes.add(in.size());

    evaluator(listening, 50, 16, 1).evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted);

    assertThat(sizes).containsExactly(13);
  }

  @Test
  void theModelIsToldTheClassOfTheImage() {
    Denoiser listening =
        (in, epsilon) -> {
          for (int i = 0; i < in.size() * SIZE; i++) {
            epsilon[i] = in.classes() == null ? in.xt()[i] / 2 : in.classes()[i / SIZE];
          }
        };
    BoundEvaluator evaluator = evaluator(listening, 50, 16, 1);
    ImageBound zero =
        evaluator.evaluate(3, LEVELS, OptionalInt.of(0), BoundEvaluatorTest::notCounted);

    assertThat(zero)
        .isEqualTo(
            evaluator((in, epsilon) -> Arrays.fill(epsilon, 0), 50, 16, 1)
                .evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted));
    assertThat(evaluator.evaluate(3, LEVELS, OptionalInt.of(1), BoundEvaluatorTest::notCounted))
        .isNotEqualTo(zero);
    assertThat(evaluator.evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted))
        .isEqualTo(
            evaluator(ROUGH, 50, 16, 1)
                .evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted));
  }

  @Test
  void noiseIsThatOfTheImageAndTheSeed() {
    BoundEvaluator evaluator = evaluator(ROUGH, 50, 64, 1);
    ImageBound first = evaluator.evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted);

    assertThat(
            evaluator.evaluate(4, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted).transitions())
        .isNotEqualTo(first.transitions());
    assertThat(evaluator.evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted))
        .isEqualTo(first);
    assertThat(
            evaluator(ROUGH, 50, 64, 2)
                .evaluate(3, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted))
        .isNotEqualTo(first);
  }

  @Test
  void allTimestepsAreVisitedOnceAndInOrder() {
    var seen = new TreeSet<Integer>();
    Denoiser listening =
        (in, epsilon) -> {
          for (int i = 0; i < in.size(); i++) {
            assertThat(seen.isEmpty() || seen.last() < in.timesteps()[i]).isTrue();
          }
          for (int i = 0; i < in.size(); i++) {
            seen.add((int) in.timesteps()[i]);
          }
        };

    evaluator(listening, 999, 50, 1)
        .evaluate(123_456, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted);

    assertThat(seen).hasSize(1000).contains(0, 999);
  }

  /** Of a perfect model, whose terms are no matter of noise; the mean of all is 0.486419. */
  @Test
  void fewTimestepsAreRightInTheMeanOverImages() {
    BoundEvaluator evaluator = evaluator(PERFECT, 9, 16, 1);

    double mean =
        LongStream.range(0, 3996)
            .mapToDouble(
                id ->
                    evaluator
                        .evaluate(id, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted)
                        .transitions())
            .average()
            .orElseThrow();

    assertThat(mean).isCloseTo(0.486419, within(0.003));
  }

  @Test
  void outputThatIsNotFiniteIsNamed() {
    Denoiser broken =
        (in, epsilon) -> {
          Arrays.fill(epsilon, 0);
          for (int i = 0; i < in.size(); i++) {
            epsilon[i * SIZE] = in.timesteps()[i] == 12 ? Float.NaN : 0;
          }
        };

    assertThatThrownBy(
            () ->
                evaluator(broken, 999, 10, 1)
                    .evaluate(5, LEVELS, NO_CLASS, BoundEvaluatorTest::notCounted))
        .isInstanceOf(DdpmException.class)
        .hasMessage("The model's output for image 5 at timestep 12 is not finite.");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1000})
  void moreTimestepsThanThereAreAreRefused(int drawn) {
    assertThatThrownBy(() -> evaluator(ROUGH, drawn, 10, 1))
        .isInstanceOf(DdpmException.class)
        .hasMessage(drawn + " timesteps per image: must be 1 to 999, one less than the model has.");
  }
}
