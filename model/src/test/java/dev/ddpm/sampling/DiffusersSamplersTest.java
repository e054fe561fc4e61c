package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.diffusion.Visits;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole reverse processes against {@link DiffusersReference}. */
class DiffusersSamplersTest {
  private static final NoiseSchedule TRAINING = NoiseSchedule.linear(1000);
  private static final DiffusersReference REFERENCE = new DiffusersReference();
  private static final Thresholding CLIP = Thresholding.clip(DataRange.MINUS_ONE_TO_ONE);
  private static final double[] START = start();

  private static double[] start() {
    double[] start = new double[64];
    Arrays.setAll(start, i -> (i - 31) / 12.0);
    return start;
  }

  private static Visits visits(int steps, String spacing, int offset) {
    boolean karras = spacing.contains("karras");
    String word = spacing.replace("-karras", "").replace("karras", "linspace");
    return new Visits(
        steps,
        TimestepSpacing.valueOf(word.toUpperCase(Locale.ROOT)),
        offset,
        karras ? NoiseLevels.KARRAS : NoiseLevels.SCHEDULE);
  }

  /** The result from the same start, which for the sampler is x_T itself. */
  private static float[] run(Sampler sampler, Thresholding thresholding) {
    float[] x = new float[START.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (START[i] * sampler.startDeviation());
    }
    new ReverseProcess(sampler, Prediction.EPSILON, thresholding, x.length, 1)
        .denoise(
            ElementwiseModels::shrink,
            0,
            0,
            1,
            x,
            sampler.schedule().steps() - 1,
            StepListener.NONE);
    return x;
  }

  private static void requireEqual(float[] actual, double[] expected) {
    double largest = 1;
    double difference = 0;
    for (int i = 0; i < actual.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    }
    assertThat(difference / largest).isLessThan(2e-5);
  }

  @ParameterizedTest
  @CsvSource({
    "10, linspace, 0",
    "20, linspace, 0",
    "7, leading, 0",
    "10, leading, 1",
    "30, leading, 0",
    "10, trailing, 0",
    "13, trailing, 0",
    "12, linspace-karras, 0",
    "9, leading-karras, 1",
    "16, trailing-karras, 0"
  })
  void eulerAndHeunAgree(int steps, String spacing, int offset) {
    Visits visits = visits(steps, spacing, offset);
    boolean karras = visits.levels() == NoiseLevels.KARRAS;
    boolean unit = visits.spacing() == TimestepSpacing.LEADING;
    double[] timesteps =
        DiffusersReference.timesteps(spacing.replace("-karras", ""), steps, offset);
    double none = Double.POSITIVE_INFINITY;

    requireEqual(
        run(EulerSampler.of(TRAINING, visits), Thresholding.NONE),
        REFERENCE.continuous(START, timesteps, karras, false, none, unit));
    requireEqual(
        run(HeunSampler.of(TRAINING, visits), Thresholding.NONE),
        REFERENCE.continuous(START, timesteps, karras, true, none, unit));
    requireEqual(
        run(HeunSampler.of(TRAINING, visits), CLIP),
        REFERENCE.continuous(START, timesteps, karras, true, 1, unit));
  }

  /** Of 60 levels of Karras' the lowest fall on few timesteps, which are visited once. */
  @ParameterizedTest
  @CsvSource({
    "2, linspace, 0",
    "10, linspace, 0",
    "20, linspace, 0",
    "7, leading, 0",
    "10, leading, 1",
    "10, trailing, 0",
    "13, trailing, 0",
    "10, karras, 0",
    "60, karras, 0"
  })
  void multistepSolversAgree(int steps, String spacing, int offset) {
    Visits visits = visits(steps, spacing, offset);
    int[] timesteps = REFERENCE.solverTimesteps(spacing, steps, offset);

    requireEqual(
        run(DpmSolverPlusPlus2M.of(TRAINING, visits, SolverEnd.FIRST_LEVEL), Thresholding.NONE),
        REFERENCE.dpmSolver(START, timesteps));
    requireEqual(
        run(UniPcSampler.of(TRAINING, visits, SolverEnd.FIRST_LEVEL), Thresholding.NONE),
        REFERENCE.uniPc(START, timesteps));
  }

  /** The model's own ε̂ where x̂_0 is clipped. */
  @ParameterizedTest
  @CsvSource({"10, leading, 0", "10, leading, 1", "13, trailing, 0"})
  void ddimWithTheNoiseOfTheModelAgrees(int steps, String spacing, int offset) {
    int[] timesteps =
        Arrays.stream(DiffusersReference.timesteps(spacing, steps, offset))
            .mapToInt(t -> (int) t)
            .toArray();
    NoiseSchedule visited = visits(steps, spacing, offset).markov(TRAINING);

    for (double last : new double[] {1, REFERENCE.firstAlphaBar()}) {
      requireEqual(
          run(new DdimSampler(visited, 0, true, last), CLIP),
          REFERENCE.ddim(START, timesteps, last));
    }
  }

  /** With an odd distance between timesteps too, half of which is not whole. */
  @ParameterizedTest
  @CsvSource({"10, 0", "10, 1", "7, 0", "4, 1", "40, 0", "300, 0"})
  void pndmAgrees(int steps, int offset) {
    Visits visits = visits(steps, "leading", offset);

    for (double last : new double[] {1, REFERENCE.firstAlphaBar()}) {
      requireEqual(
          run(PndmSampler.rungeKutta(TRAINING, visits, last), Thresholding.NONE),
          REFERENCE.pndm(START, steps, offset, /* skipsPrk= */ false, last));
      requireEqual(
          run(PndmSampler.plms(TRAINING, visits, last), Thresholding.NONE),
          REFERENCE.pndm(START, steps, offset, /* skipsPrk= */ true, last));
    }
  }
}
