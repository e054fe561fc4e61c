package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepSpacing;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whole reverse processes without noise, against figures of the diffusers library: the images are a
 * ramp, the model is x·t/(t+1).
 */
class NoiseFreeOracleTest {
  private static final int BATCH = 4;
  private static final int IMAGE_SIZE = 8 * 8 * 3;
  private static final NoiseSchedule TRAINING = NoiseSchedule.linear(1000);

  @ParameterizedTest
  @CsvSource({"EPSILON, 172.0067, 0.223967", "V, 52.5302, 0.0684"})
  void ddimAgrees(Prediction prediction, double sum, double mean) {
    Sampler sampler =
        new DdimSampler(TRAINING.respaced(TimestepSpacing.LEADING.timesteps(1000, 10)), 0);
    double actual = run(sampler, prediction, Thresholding.clip(DataRange.MINUS_ONE_TO_ONE));

    assertThat(actual).isCloseTo(sum, within(1e-3));
    assertThat(actual / (BATCH * IMAGE_SIZE)).isCloseTo(mean, within(5e-5));
  }

  @ParameterizedTest
  @CsvSource({"EPSILON, .3301", "V, .2251"})
  void dpmSolverAgrees(Prediction prediction, double mean) {
    NoiseSchedule levels = TRAINING.respaced(TimestepSpacing.LINSPACE.timesteps(1000, 11));
    Sampler sampler = new DpmSolverPlusPlus2M(levels, SolverEnd.FIRST_LEVEL, false);
    double actual = run(sampler, prediction, Thresholding.NONE);

    assertThat(actual / (BATCH * IMAGE_SIZE)).isCloseTo(mean, within(1e-4));
  }

  /** The sum of the absolute values of the result. */
  private static double run(Sampler sampler, Prediction prediction, Thresholding thresholding) {
    float[] x = ramp();
    ReverseProcess process =
        new ReverseProcess(sampler, prediction, thresholding, IMAGE_SIZE, BATCH);
    process.denoise(
        ElementwiseModels::shrink,
        0,
        0,
        BATCH,
        x,
        sampler.schedule().steps() - 1,
        StepListener.NONE);
    double sum = 0;
    for (float value : x) {
      sum += Math.abs(value);
    }
    return sum;
  }

  /** arange(768) of shape (3, 8, 8, 4) divided by 768, permuted to (4, 8, 8, 3). */
  private static float[] ramp() {
    float[] x = new float[BATCH * IMAGE_SIZE];
    int i = 0;
    for (int image = 0; image < BATCH; image++) {
      for (int position = 0; position < 64; position++) {
        for (int channel = 0; channel < 3; channel++) {
          x[i++] = (channel * 256 + position * 4 + image) / 768f;
        }
      }
    }
    return x;
  }
}
