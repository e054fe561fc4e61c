package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DdimInversionTest {
  private static final int SIZE = 16;
  private static final int BATCH = 3;
  private static final NoiseSchedule TRAINING = NoiseSchedule.linear(1000);
  private static final NoiseSchedule SCHEDULE =
      TRAINING.respaced(TimestepSpacing.LINSPACE.timesteps(1000, 50));
  private static final Denoiser MODEL = ElementwiseModels.ofNormalData(TRAINING, 0.2, 0.5);

  private static float[] images() {
    float[] images = new float[BATCH * SIZE];
    CounterRandom.uniform(1, Stream.SPLIT, 0, 0, images, 0, images.length);
    return images;
  }

  private static DdimInversion inversion(int corrections) {
    return new DdimInversion(
        new DdimSampler(SCHEDULE, 0), Prediction.EPSILON, SIZE, BATCH, corrections);
  }

  private static ReverseProcess process(int batch) {
    return new ReverseProcess(
        new DdimSampler(SCHEDULE, 0), Prediction.EPSILON, Thresholding.NONE, SIZE, batch);
  }

  /** Largest difference after encoding up to a step and decoding. */
  private static double roundTripError(int corrections, int step) {
    float[] x = images();
    inversion(corrections).encode(MODEL, BATCH, x, step);
    process(BATCH).denoise(MODEL, 0, 0, BATCH, x, step, StepListener.NONE);
    double error = 0;
    for (int i = 0; i < x.length; i++) {
      error = Math.max(error, Math.abs(x[i] - images()[i]));
    }
    return error;
  }

  @Test
  void decodingGivesTheImagesBack() {
    assertThat(roundTripError(4, SCHEDULE.steps() - 1)).isLessThan(1e-3);
    assertThat(roundTripError(4, 10)).isLessThan(1e-4);
  }

  @Test
  void correctionsBringThemCloser() {
    double plain = roundTripError(0, SCHEDULE.steps() - 1);

    assertThat(plain).isBetween(1e-3, 0.2);
    assertThat(roundTripError(1, SCHEDULE.steps() - 1)).isLessThan(plain / 4);
  }

  /** With the perfect model of normal data, DDIM maps their distribution to that of noise. */
  @Test
  void imagesOfTheDistributionBecomeStandardNoise() {
    float[] x = {0.2f, 0.7f, -0.3f};
    new DdimInversion(new DdimSampler(TRAINING, 0), Prediction.EPSILON, 1, 3, 2)
        .encode(MODEL, 3, x, 999);

    assertThat(x).containsExactly(new float[] {0, 1, -1}, within(0.02f));
  }

  @Test
  void onlyStepsOfTheScheduleAreAllowed() {
    assertThatThrownBy(() -> inversion(0).encode(MODEL, BATCH, images(), 50))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("up to step 50: only 0..49 are allowed");
  }

  @Test
  void interpolationStartsAndEndsAtTheImages() {
    float[] out = new float[BATCH * SIZE];
    float[] all = images();
    float[] first = Arrays.copyOf(all, SIZE);
    float[] other = Arrays.copyOfRange(all, SIZE, 2 * SIZE);
    new LatentInterpolation(inversion(4), process(BATCH), SIZE)
        .interpolate(
            MODEL, MODEL, first, other, new float[] {0, 0.5f, 1}, 49, out, StepListener.NONE);

    assertThat(Arrays.copyOf(out, SIZE)).containsExactly(first, within(1e-3f));
    assertThat(Arrays.copyOfRange(out, 2 * SIZE, 3 * SIZE)).containsExactly(other, within(1e-3f));
    assertThat(Arrays.copyOfRange(out, SIZE, 2 * SIZE)).doesNotContain(first[0]);
  }

  @Test
  void anImageIsHalfWayToItself() {
    float[] out = new float[SIZE];
    float[] image = Arrays.copyOf(images(), SIZE);
    new LatentInterpolation(inversion(4), process(1), SIZE)
        .interpolate(MODEL, MODEL, image, image, new float[] {0.5f}, 30, out, StepListener.NONE);

    assertThat(out).containsExactly(image, within(1e-3f));
  }
}
