package dev.ddpm.sampling;

import static dev.ddpm.golden.GoldenFile.largestDifference;
import static dev.ddpm.sampling.SolverEnd.CLEAN;
import static dev.ddpm.sampling.SolverEnd.FIRST_LEVEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.diffusion.Visits;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reverse processes from a level without signal, with the perfect model of normal data: the
 * probability flow then leads from z to mean + deviation·z.
 */
class ZeroTerminalSnrTest {
  private static final NoiseSchedule TRAINING =
      new ScheduleSpec.ZeroTerminalSnr(ScheduleSpec.PAPER).build();
  private static final double MEAN = 0.3;
  private static final double DEVIATION = 0.25;
  private static final int SIZE = 2000;
  private static final long SEED = 5;

  private static Visits trailing(int steps, NoiseLevels levels) {
    return new Visits(steps, TimestepSpacing.TRAILING, 0, levels);
  }

  private static List<Sampler> ofTheFlow(int steps) {
    Visits visits = trailing(steps, NoiseLevels.SCHEDULE);
    Visits karras = trailing(steps, NoiseLevels.KARRAS);
    double first = TRAINING.alphaBar(0);
    return List.of(
        new DdimSampler(visits.markov(TRAINING), 0),
        new DdimSampler(visits.markov(TRAINING), 0, true, first),
        DpmSolverPlusPlus2M.of(TRAINING, visits, CLEAN),
        DpmSolverPlusPlus2M.of(TRAINING, visits, FIRST_LEVEL),
        DpmSolverPlusPlus2M.of(TRAINING, karras, CLEAN),
        UniPcSampler.of(TRAINING, visits, CLEAN),
        UniPcSampler.of(TRAINING, visits, FIRST_LEVEL),
        UniPcSampler.of(TRAINING, karras, FIRST_LEVEL),
        EulerSampler.of(TRAINING, visits),
        EulerSampler.of(TRAINING, karras),
        HeunSampler.of(TRAINING, visits),
        HeunSampler.of(TRAINING, karras),
        PndmSampler.rungeKutta(TRAINING, visits, 1),
        PndmSampler.rungeKutta(TRAINING, visits, first),
        PndmSampler.plms(TRAINING, visits, 1),
        PndmSampler.plms(TRAINING, visits, first));
  }

  private static List<Sampler> ofFewSteps() {
    return IntStream.of(1, 2, 3, 5).boxed().flatMap(steps -> ofTheFlow(steps).stream()).toList();
  }

  private static List<Sampler> of50Steps() {
    return ofTheFlow(50);
  }

  private static List<Sampler> ofAllSteps() {
    return List.of(
        new AncestralSampler(TRAINING, Variance.FIXED_LARGE, true),
        new AncestralSampler(TRAINING, Variance.FIXED_SMALL, false),
        new DdimSampler(TRAINING, 0),
        new DdimSampler(TRAINING, 1),
        new DpmSolverPlusPlus2M(TRAINING, CLEAN, true),
        new UniPcSampler(TRAINING, FIRST_LEVEL, true),
        EulerSampler.of(TRAINING, Visits.of(1000)),
        HeunSampler.of(TRAINING, Visits.of(1000)),
        PndmSampler.rungeKutta(TRAINING, Visits.of(100), 1),
        PndmSampler.plms(TRAINING, Visits.of(1000), 1));
  }

  /** E[v | x_t] or E[x_0 | x_t], at the levels of a sampler. */
  private static Denoiser perfect(NoiseSchedule schedule, Prediction prediction) {
    return (in, output) -> {
      int step = 0;
      while ((float) schedule.time(step) != in.timesteps()[0]) {
        step++;
      }
      double a = schedule.signal(step);
      double s = schedule.noise(step);
      double variance = a * a * DEVIATION * DEVIATION + s * s;
      for (int i = 0; i < output.length; i++) {
        double off = in.xt()[i] - a * MEAN;
        double x0 = MEAN + a * DEVIATION * DEVIATION / variance * off;
        double epsilon = s / variance * off;
        output[i] = (float) (prediction == Prediction.X0 ? x0 : a * epsilon - s * x0);
      }
    };
  }

  private static float[] sample(Sampler sampler, Prediction prediction, Thresholding thresholding) {
    float[] x = new float[SIZE];
    new ReverseProcess(sampler, prediction, thresholding, SIZE, 1)
        .sample(perfect(sampler.schedule(), prediction), SEED, 0, 1, x, StepListener.NONE);
    return x;
  }

  /** Where the flow leads from the noise of {@link #sample}. */
  private static float[] flow() {
    float[] x = new float[SIZE];
    CounterRandom.gaussian(SEED, Stream.SAMPLE_NOISE, 0, ReverseProcess.INITIAL_NOISE, x, 0, SIZE);
    for (int i = 0; i < SIZE; i++) {
      x[i] = (float) (MEAN + DEVIATION * x[i]);
    }
    return x;
  }

  @ParameterizedTest
  @MethodSource("ofFewSteps")
  void fewStepsAreFinite(Sampler sampler) {
    for (Prediction prediction : List.of(Prediction.V, Prediction.X0)) {
      for (Thresholding thresholding :
          List.of(Thresholding.NONE, Thresholding.clip(DataRange.MINUS_ONE_TO_ONE))) {
        float[] x = sample(sampler, prediction, thresholding);
        for (float value : x) {
          assertThat(value).isBetween(-3f, 3f);
        }
      }
    }
  }

  /** DDIM, of which nothing is infinite, is 0.11 off the flow. */
  @ParameterizedTest
  @MethodSource("of50Steps")
  void fiftyStepsFollowTheFlow(Sampler sampler) {
    float[] velocity = sample(sampler, Prediction.V, Thresholding.NONE);
    float[] image = sample(sampler, Prediction.X0, Thresholding.NONE);

    assertThat(largestDifference(velocity, flow())).isLessThan(0.15f);
    assertThat(largestDifference(image, velocity)).isLessThan(1e-4f);
  }

  /** Those of a higher order need 50 steps to be nearer to the flow than DDIM with 1,000. */
  @Test
  void allStepsOfDdimFollowTheFlow() {
    float[] all = sample(new DdimSampler(TRAINING, 0), Prediction.V, Thresholding.NONE);

    assertThat(largestDifference(all, flow())).isLessThan(0.01f);
    Visits visits = trailing(50, NoiseLevels.SCHEDULE);
    assertThat(
            largestDifference(
                sample(PndmSampler.plms(TRAINING, visits, 1), Prediction.V, Thresholding.NONE),
                all))
        .isLessThan(0.01f);
  }

  @ParameterizedTest
  @MethodSource("ofAllSteps")
  void perfectModelGivesTheDataBack(Sampler sampler) {
    for (Prediction prediction : List.of(Prediction.V, Prediction.X0)) {
      float[] x = sample(sampler, prediction, Thresholding.NONE);
      double mean = mean(x);
      double squares = 0;
      for (float value : x) {
        squares += (value - mean) * (value - mean) / SIZE;
      }
      assertThat(mean).isCloseTo(MEAN, within(0.02));
      assertThat(Math.sqrt(squares)).isCloseTo(DEVIATION, within(0.015));
    }
  }

  private static double mean(float[] x) {
    double sum = 0;
    for (float value : x) {
      sum += value;
    }
    return sum / x.length;
  }

  /** The step that all begin with: each in its own words, and of a model that is no good. */
  @Test
  void theFirstStepIsTheSameForAll() {
    float[] expected = null;
    for (Sampler sampler : ofTheFlow(20)) {
      if (sampler.schedule().timestep(18) != 949) {
        continue;
      }
      float[][] reached = new float[1][];
      new ReverseProcess(sampler, Prediction.V, Thresholding.NONE, 35, 1)
          .sample(
              ElementwiseModels::shrink,
              1,
              0,
              1,
              new float[35],
              (progress, x, x0, length) -> {
                if (progress.done() == 1) {
                  reached[0] = x.clone();
                }
                return true;
              });
      expected = expected == null ? reached[0] : expected;
      assertThat(largestDifference(reached[0], expected)).isLessThan(1e-6f);
    }
    assertThat(expected).isNotNull().doesNotContain(0, Float.NaN);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 2", "7, 12", "50, 98"})
  void heunDoesNotCorrectTheStepFromNoise(int steps, int calls) {
    int[] asked = new int[1];
    HeunSampler heun = HeunSampler.of(TRAINING, trailing(steps, NoiseLevels.SCHEDULE));
    new ReverseProcess(heun, Prediction.V, Thresholding.NONE, 35, 1)
        .sample(
            (in, output) -> {
              asked[0]++;
              ElementwiseModels.shrink(in, output);
            },
            1,
            0,
            1,
            new float[35],
            StepListener.NONE);

    assertThat(asked[0]).isEqualTo(calls);
  }

  @Test
  void imagesComeBackFromTheirNoise() {
    NoiseSchedule visited = trailing(20, NoiseLevels.SCHEDULE).markov(TRAINING);
    DdimSampler sampler = new DdimSampler(visited, 0);
    Denoiser model = perfect(visited, Prediction.V);
    float[] images = new float[SIZE];
    CounterRandom.uniform(1, Stream.SPLIT, 0, 0, images, 0, SIZE);
    float[] x = images.clone();
    new DdimInversion(sampler, Prediction.V, SIZE, 1, 8).encode(model, 1, x, 19);
    new ReverseProcess(sampler, Prediction.V, Thresholding.NONE, SIZE, 1)
        .denoise(model, 0, 0, 1, x, 19, StepListener.NONE);

    assertThat(largestDifference(x, images)).isLessThan(1e-3f);
  }

  /** Every noise leads to the one image that a single step sees in it. */
  @Test
  void aSingleStepIsEncodedAsTheImageItself() {
    NoiseSchedule visited = TRAINING.respaced(new int[] {999});
    float[] x = {0.5f, -0.25f};
    new DdimInversion(new DdimSampler(visited, 0), Prediction.V, 2, 1, 1)
        .encode(perfect(visited, Prediction.V), 1, x, 0);

    assertThat(x).containsExactly(0.5f, -0.25f);
  }

  /** Nothing of two images is left up there, so that what lies between them is drawn alike. */
  @Test
  void mixturesOfNoiseAloneAreTheSame() {
    NoiseSchedule visited = trailing(20, NoiseLevels.SCHEDULE).markov(TRAINING);
    ReverseProcess process =
        new ReverseProcess(new DdimSampler(visited, 0), Prediction.V, Thresholding.NONE, 35, 3);
    float[] first = new float[35];
    float[] other = new float[35];
    Arrays.fill(other, 1);
    float[] out = new float[3 * 35];
    new Interpolation(process, 35)
        .interpolate(
            perfect(visited, Prediction.V),
            SEED,
            0,
            first,
            other,
            new float[] {0, 0.5f, 1},
            19,
            out,
            StepListener.NONE);

    assertThat(Arrays.copyOf(out, 35)).isEqualTo(Arrays.copyOfRange(out, 70, 105));
    assertThat(out).doesNotContain(Float.NaN);
  }
}
