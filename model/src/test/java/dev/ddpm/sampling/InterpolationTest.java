package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterpolationTest {
  private static final int SIZE = 12;
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(100);
  private static final float[] FIRST = filled(-0.5f);
  private static final float[] OTHER = filled(0.7f);

  private final List<Integer> steps = new ArrayList<>();
  private float[] start;

  /** Keeps the images it first sees, and predicts zeros. */
  private final Denoiser recorder =
      (in, output) -> {
        if (steps.isEmpty()) {
          start = Arrays.copyOf(in.xt(), in.size() * SIZE);
        }
        steps.add((int) in.timesteps()[0]);
        Arrays.fill(output, 0);
      };

  @Test
  void bothImagesGetTheSameNoiseAndTheFirstReverseStepIsTheirs() {
    float[] noise = new float[SIZE];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, 8, ReverseProcess.INITIAL_NOISE, noise, 0, SIZE);

    interpolate(new float[] {0, 0.25f, 1}, 40, new float[3 * SIZE]);

    assertThat(steps).hasSize(41).startsWith(40, 39).endsWith(0);
    float[] expected = new float[3 * SIZE];
    float[] weights = {0, 0.25f, 1};
    for (int image = 0; image < 3; image++) {
      double mixed = -0.5 * (1 - weights[image]) + 0.7 * weights[image];
      for (int i = 0; i < SIZE; i++) {
        expected[image * SIZE + i] =
            (float) (SCHEDULE.signal(40) * mixed + SCHEDULE.noise(40) * noise[i]);
      }
    }
    assertThat(start).containsExactly(expected, within(1e-6f));
  }

  /** With the noise that was really added, one step leads straight back to the mixture. */
  @Test
  void perfectModelGivesTheMixtureBack() {
    float[] noise = new float[SIZE];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, 8, ReverseProcess.INITIAL_NOISE, noise, 0, SIZE);
    Denoiser perfect =
        (in, output) -> {
          for (int image = 0; image < in.size(); image++) {
            System.arraycopy(noise, 0, output, image * SIZE, SIZE);
          }
        };
    float[] out = new float[2 * SIZE];
    ReverseProcess process =
        new ReverseProcess(
            new DdimSampler(SCHEDULE, 0), Prediction.EPSILON, Thresholding.NONE, SIZE, 2);

    new Interpolation(process, SIZE)
        .interpolate(
            perfect, 3, 8, FIRST, OTHER, new float[] {0.5f, 1}, 60, out, StepListener.NONE);

    float[] expected = new float[2 * SIZE];
    Arrays.fill(expected, 0, SIZE, 0.1f);
    Arrays.fill(expected, SIZE, 2 * SIZE, 0.7f);
    assertThat(out).containsExactly(expected, within(1e-5f));
  }

  @Test
  void sourcesAreLeftAlone() {
    interpolate(new float[] {0.5f}, 10, new float[SIZE]);
    assertThat(FIRST).containsOnly(-0.5f);
    assertThat(OTHER).containsOnly(0.7f);
  }

  private void interpolate(float[] weights, int step, float[] out) {
    ReverseProcess process =
        new ReverseProcess(
            new DdimSampler(SCHEDULE, 0),
            Prediction.EPSILON,
            Thresholding.NONE,
            SIZE,
            weights.length);
    new Interpolation(process, SIZE)
        .interpolate(recorder, 3, 8, FIRST, OTHER, weights, step, out, StepListener.NONE);
  }

  private static float[] filled(float value) {
    float[] image = new float[SIZE];
    Arrays.fill(image, value);
    return image;
  }
}
