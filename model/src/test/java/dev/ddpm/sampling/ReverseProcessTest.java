package dev.ddpm.sampling;

import static dev.ddpm.golden.GoldenFile.largestDifference;
import static dev.ddpm.sampling.SolverEnd.CLEAN;
import static dev.ddpm.sampling.SolverEnd.FIRST_LEVEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.diffusion.Visits;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ReverseProcessTest {
  private static final NoiseSchedule TRAINING = NoiseSchedule.linear(1000);
  private static final NoiseSchedule TWENTY =
      TRAINING.respaced(TimestepSpacing.LINSPACE.timesteps(1000, 20));
  private static final NoiseSchedule FINE = NoiseSchedule.linear(100_000, 1e-6, 2e-4);
  private static final Visits KARRAS =
      new Visits(20, TimestepSpacing.LINSPACE, 0, NoiseLevels.KARRAS);
  private static final int SIZE = 35;
  private static final Thresholding CLIP = Thresholding.clip(DataRange.MINUS_ONE_TO_ONE);

  private static List<Sampler> samplers() {
    return List.of(
        new AncestralSampler(TWENTY, Variance.FIXED_LARGE, true),
        new AncestralSampler(TWENTY, Variance.FIXED_SMALL, false),
        new DdimSampler(TWENTY, 0),
        new DdimSampler(TWENTY, 1),
        new DpmSolverPlusPlus2M(TWENTY, CLEAN, true),
        new DpmSolverPlusPlus2M(TWENTY, FIRST_LEVEL, false),
        new UniPcSampler(TWENTY, CLEAN, false),
        new UniPcSampler(TWENTY, FIRST_LEVEL, false),
        new UniPcSampler(TWENTY, FIRST_LEVEL, true),
        EulerSampler.of(TRAINING, KARRAS),
        HeunSampler.of(TRAINING, Visits.of(20)),
        HeunSampler.of(TRAINING, KARRAS),
        PndmSampler.rungeKutta(TRAINING, Visits.of(20), 1),
        PndmSampler.rungeKutta(TRAINING, Visits.of(2), 1),
        PndmSampler.plms(TRAINING, Visits.of(20), TRAINING.alphaBar(0)),
        PndmSampler.plms(TRAINING, Visits.of(1), 1));
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void imagesDoNotDependOnTheirBatch(Sampler sampler) {
    float[] together = sample(sampler, 100, 7);
    float[] first = sample(sampler, 100, 3);
    float[] last = sample(sampler, 103, 4);

    assertThat(Arrays.copyOf(together, 3 * SIZE)).isEqualTo(first);
    assertThat(Arrays.copyOfRange(together, 3 * SIZE, 7 * SIZE)).isEqualTo(last);
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void aProcessLeavesNothingBehindForTheNext(Sampler sampler) {
    ReverseProcess process = new ReverseProcess(sampler, Prediction.EPSILON, CLIP, SIZE, 4);
    float[] first = new float[4 * SIZE];
    process.sample(ElementwiseModels::shrink, 1, 0, 4, first, StepListener.NONE);
    float[] other = new float[2 * SIZE];
    process.sample(ElementwiseModels::shrink, 1, 50, 2, other, StepListener.NONE);
    float[] again = new float[4 * SIZE];
    process.sample(ElementwiseModels::shrink, 1, 0, 4, again, StepListener.NONE);

    assertThat(again).isEqualTo(first);
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void otherSeedsGiveOtherImages(Sampler sampler) {
    float[] x = new float[SIZE];
    new ReverseProcess(sampler, Prediction.EPSILON, Thresholding.NONE, SIZE, 1)
        .sample(ElementwiseModels::shrink, 2, 100, 1, x, StepListener.NONE);

    assertThat(x).isNotEqualTo(sample(sampler, 100, 1));
  }

  private static List<Sampler> samplersOfAllSteps() {
    return List.of(
        new AncestralSampler(TRAINING, Variance.FIXED_LARGE, true),
        new AncestralSampler(TRAINING, Variance.FIXED_SMALL, false),
        new DdimSampler(TRAINING, 0),
        new DdimSampler(TRAINING, 1),
        new DpmSolverPlusPlus2M(TRAINING, CLEAN, true),
        new DpmSolverPlusPlus2M(TRAINING, FIRST_LEVEL, false),
        new UniPcSampler(TRAINING, CLEAN, false),
        new UniPcSampler(TRAINING, FIRST_LEVEL, true),
        EulerSampler.of(TRAINING, Visits.of(1000)),
        HeunSampler.of(TRAINING, Visits.of(1000)),
        PndmSampler.rungeKutta(TRAINING, Visits.of(100), 1),
        PndmSampler.plms(TRAINING, Visits.of(1000), 1));
  }

  /** With the perfect model of normal data, every sampler has to reproduce its mean and spread. */
  @ParameterizedTest
  @MethodSource("samplersOfAllSteps")
  void perfectModelGivesTheDataBack(Sampler sampler) {
    Denoiser model = ElementwiseModels.ofNormalData(TRAINING, 0.3, 0.5);
    int size = 5_000;
    float[] x = new float[size];
    new ReverseProcess(sampler, Prediction.EPSILON, Thresholding.NONE, size, 1)
        .sample(model, 5, 0, 1, x, StepListener.NONE);

    assertThat(mean(x)).isCloseTo(0.3, within(0.03));
    assertThat(deviation(x)).isCloseTo(0.5, within(0.02));
  }

  /**
   * In 20 steps DDIM comes to a spread of 0.43, and the solver on the levels of DDIM to 0.62. The
   * last step leads to the expected clean image, whose spread is smaller than that of the data: by
   * what the noise of the lowest level hides. Nothing else may be missing.
   */
  @Test
  void twentyStepsOfTheSolverAreEnoughForNormalData() {
    DpmSolverPlusPlus2M solver = DpmSolverPlusPlus2M.of(TRAINING, Visits.of(20), CLEAN);
    float[] x = new float[20_000];
    new ReverseProcess(solver, Prediction.EPSILON, Thresholding.NONE, x.length, 1)
        .sample(ElementwiseModels.ofNormalData(TRAINING, 0.3, 0.5), 5, 0, 1, x, StepListener.NONE);

    double seen = solver.schedule().alphaBar(0) * 0.25;
    double hidden = 1 - solver.schedule().alphaBar(0);
    assertThat(mean(x)).isCloseTo(0.3, within(0.015));
    assertThat(deviation(x)).isCloseTo(0.5 * Math.sqrt(seen / (seen + hidden)), within(0.01));
  }

  @ParameterizedTest
  @CsvSource({"1, 999", "4, 250", "999, 1", "1000, 0"})
  void solverTakesAsManyStepsAsItIsTold(int steps, int lastTimestep) {
    DpmSolverPlusPlus2M solver = DpmSolverPlusPlus2M.of(TRAINING, Visits.of(steps), CLEAN);
    NoiseSchedule schedule = solver.schedule();

    assertThat(new ReverseProcess(solver, Prediction.EPSILON, CLIP, 1, 1).steps()).isEqualTo(steps);
    assertThat(schedule.timestep(0)).isEqualTo(lastTimestep);
    assertThat(schedule.timestep(steps - 1)).isEqualTo(999);
    assertThatThrownBy(() -> DpmSolverPlusPlus2M.of(TRAINING, Visits.of(1001), CLEAN))
        .hasMessageContaining("1001 sampling steps");
    assertThatThrownBy(() -> DpmSolverPlusPlus2M.of(TRAINING, Visits.of(0), CLEAN))
        .hasMessageContaining("0 sampling steps");
  }

  /**
   * For normal data the probability flow is known: it keeps (x_t − mean)/deviation of each level.
   * The error of the two-step solver falls with the square of the step, that of DDIM linearly.
   */
  @Test
  void solverConvergesWithSecondOrder() {
    double coarse = flowError(new DpmSolverPlusPlus2M(levels(50), CLEAN, true));
    double fine = flowError(new DpmSolverPlusPlus2M(levels(100), CLEAN, true));
    double coarseDdim = flowError(new DdimSampler(levels(50), 0));
    double fineDdim = flowError(new DdimSampler(levels(100), 0));

    assertThat(coarse / fine).isBetween(3.4, 4.6);
    assertThat(coarseDdim / fineDdim).isBetween(1.8, 2.2);
    assertThat(fine).isLessThan(fineDdim / 20);
  }

  /** Heun's corrector makes a method of the second order of Euler's, UniPC's one of the third. */
  @Test
  void correctorsAddAnOrder() {
    double coarseHeun = flowError(new HeunSampler(levels(50), 1));
    double fineHeun = flowError(new HeunSampler(levels(100), 1));
    double coarseUniPc = flowError(new UniPcSampler(levels(50), CLEAN, false));
    double fineUniPc = flowError(new UniPcSampler(levels(100), CLEAN, false));

    assertThat(coarseHeun / fineHeun).isBetween(3.4, 4.6);
    assertThat(coarseUniPc / fineUniPc).isBetween(6.0, 10.0);
  }

  /**
   * With as much noise as the ancestral process adds, DDIM is that process, also where predictions
   * are clipped: here to less than the model wants.
   */
  @Test
  void ddimWithAllTheNoiseIsTheAncestralProcess() {
    assertThat(
            largestDifference(
                sampleClipped(new DdimSampler(TWENTY, 1)),
                sampleClipped(new AncestralSampler(TWENTY, Variance.FIXED_SMALL, false))))
        .isLessThan(2e-5f);
  }

  /** Images of normal data of which half lies beyond what clipping leaves. */
  private static float[] sampleClipped(Sampler sampler) {
    float[] x = new float[SIZE];
    new ReverseProcess(sampler, Prediction.EPSILON, CLIP, SIZE, 1)
        .sample(ElementwiseModels.ofNormalData(TRAINING, 1, 0.5), 5, 0, 1, x, StepListener.NONE);
    return x;
  }

  /** Levels at nearly equal distances of the half log-SNR. */
  private static NoiseSchedule levels(int count) {
    int[] selection = new int[count];
    double first = FINE.halfLogSnr(1000);
    double last = FINE.halfLogSnr(FINE.steps() - 1);
    int t = 1000;
    for (int i = 0; i < count; i++) {
      double wanted = first + (last - first) * i / (count - 1);
      while (t < FINE.steps() - 1 && FINE.halfLogSnr(t) > wanted) {
        t++;
      }
      selection[i] = t;
    }
    return FINE.respaced(selection);
  }

  /** How far one point of the flow is off when it reaches the first level. */
  private static double flowError(Sampler sampler) {
    double z = 1.5;
    NoiseSchedule schedule = sampler.schedule();
    float[] x = {normalFlow(schedule, schedule.steps() - 1, z)};
    float[] reached = new float[1];
    new ReverseProcess(sampler, Prediction.EPSILON, Thresholding.NONE, 1, 1)
        .denoise(
            ElementwiseModels.ofNormalData(FINE, 0.3, 0.5),
            0,
            0,
            1,
            x,
            schedule.steps() - 1,
            (progress, now, x0, length) -> {
              if (progress.done() == progress.total() - 1) {
                reached[0] = now[0];
              }
              return true;
            });
    return Math.abs(reached[0] - normalFlow(schedule, 0, z));
  }

  private static float normalFlow(NoiseSchedule schedule, int level, double z) {
    double a = schedule.signal(level);
    double s = schedule.noise(level);
    return (float) (a * 0.3 + Math.sqrt(a * a * 0.25 + s * s) * z);
  }

  /** One step of the labml preset, against the reference. */
  @ParameterizedTest
  @CsvSource({"tiny", "mnist_noattn", "rgb_attn2", "groups32"})
  void ancestralStepIsThatOfTheReference(String network) {
    GoldenFile golden = GoldenFile.open(network);
    float[] x = golden.values("psample.x");
    float[] t = golden.values("psample.t");
    int size = x.length / t.length;
    AncestralSampler sampler = new AncestralSampler(TRAINING, Variance.FIXED_LARGE, true);
    float[] out = new float[x.length];

    for (int image = 0; image < t.length; image++) {
      StepState state = new StepState(new GaussianDiffusion(TRAINING), 0, size);
      state.x = Arrays.copyOfRange(x, image * size, (image + 1) * size);
      System.arraycopy(golden.values("psample.z"), image * size, state.z, 0, size);
      float[] epsilon =
          Arrays.copyOfRange(golden.values("psample.eps_theta"), image * size, (image + 1) * size);
      state.diffusion.predictX0(
          Prediction.EPSILON, state.x, epsilon, (int) t[image], state.x0, 0, size);
      sampler.step((int) t[image], state, size);
      System.arraycopy(state.x, 0, out, image * size, size);
    }

    assertThat(largestDifference(out, golden.values("psample.out"))).isLessThan(2e-5f);
  }

  /** The noise of the contract, spelled out: x_T under −1, z under the model's timestep. */
  @Test
  void noiseIsKeyedBySeedIndexAndTimestep() {
    NoiseSchedule two = TRAINING.respaced(new int[] {400, 900});
    float[] expected = new float[SIZE];
    float[] z = new float[SIZE];
    CounterRandom.gaussian(9, Stream.SAMPLE_NOISE, 77, -1, expected, 0, SIZE);
    for (int step = 1; step >= 0; step--) {
      CounterRandom.gaussian(9, Stream.SAMPLE_NOISE, 77, two.timestep(step), z, 0, SIZE);
      float xt = (float) two.posteriorXtCoefficient(step);
      float sigma = (float) Math.sqrt(two.beta(step));
      for (int i = 0; i < SIZE; i++) {
        // The model below predicts a clean image of zeros.
        expected[i] = xt * expected[i] + sigma * z[i];
      }
    }

    float[] x = new float[SIZE];
    new ReverseProcess(
            new AncestralSampler(two, Variance.FIXED_LARGE, true),
            Prediction.X0,
            Thresholding.NONE,
            SIZE,
            1)
        .sample((in, output) -> Arrays.fill(output, 0), 9, 77, 1, x, StepListener.NONE);

    assertThat(x).isEqualTo(expected);
  }

  @Test
  void lastStepOfThePaperAddsNoNoise() {
    NoiseSchedule one = TRAINING.respaced(new int[] {0});
    float[] x = new float[SIZE];
    new ReverseProcess(
            new AncestralSampler(one, Variance.FIXED_LARGE, false), Prediction.X0, CLIP, SIZE, 1)
        .sample((in, output) -> Arrays.fill(output, 3), 9, 77, 1, x, StepListener.NONE);

    assertThat(x).containsOnly(1);
  }

  @Test
  void modelIsToldTheTimestepsOfItsTraining() {
    List<Integer> told = new ArrayList<>();
    Denoiser model =
        (in, output) -> {
          float first = in.timesteps()[0];
          assertThat(Arrays.copyOf(in.timesteps(), in.size())).containsOnly(first);
          told.add((int) first);
        };
    NoiseSchedule respaced = TRAINING.respaced(TimestepSpacing.LINSPACE.timesteps(1000, 5));

    ReverseProcess process =
        new ReverseProcess(
            new DdimSampler(respaced, 0), Prediction.EPSILON, Thresholding.NONE, SIZE, 2);
    process.sample(model, 0, 0, 2, new float[2 * SIZE], StepListener.NONE);

    assertThat(told).containsExactly(999, 749, 500, 250, 0);
    assertThat(process.steps()).isEqualTo(5);
  }

  @Test
  void listenerSeesEveryStepAndCanStop() {
    List<StepListener.Progress> seen = new ArrayList<>();
    StepListener listener =
        (progress, x, x0, length) -> {
          seen.add(progress);
          assertThat(length).isEqualTo(2 * SIZE);
          return progress.done() < 3;
        };
    ReverseProcess process =
        new ReverseProcess(
            new DdimSampler(TWENTY, 0), Prediction.EPSILON, Thresholding.NONE, SIZE, 2);

    assertThatThrownBy(
            () -> process.sample(ElementwiseModels::shrink, 0, 0, 2, new float[2 * SIZE], listener))
        .isInstanceOf(CancellationException.class)
        .hasMessageContaining("after step 3 of 20");
    assertThat(seen)
        .containsExactly(
            new StepListener.Progress(1, 20, 999),
            new StepListener.Progress(2, 20, 946),
            new StepListener.Progress(3, 20, 894));
  }

  @Test
  void trajectoryKeepsEvenlySpacedPredictions() {
    Trajectory trajectory = new Trajectory(4);
    float[] x = new float[SIZE];
    new ReverseProcess(new DdimSampler(TWENTY, 0), Prediction.EPSILON, Thresholding.NONE, SIZE, 1)
        .sample(ElementwiseModels::shrink, 0, 0, 1, x, trajectory);

    assertThat(trajectory.timesteps()).containsExactly(789, 526, 263, 0);
    assertThat(trajectory.images()).hasSize(4);
    assertThat(trajectory.images().get(3)).isEqualTo(x);
    assertThat(trajectory.images().get(0)).isNotEqualTo(x);
    assertThatThrownBy(() -> new Trajectory(0)).hasMessageContaining("frames = 0");
  }

  @Test
  void refusesWhatDoesNotFit() {
    ReverseProcess process =
        new ReverseProcess(
            new DpmSolverPlusPlus2M(TWENTY, FIRST_LEVEL, false),
            Prediction.EPSILON,
            Thresholding.NONE,
            SIZE,
            2);
    Denoiser model = ElementwiseModels::shrink;
    float[] x = new float[2 * SIZE];
    StepListener none = StepListener.NONE;

    assertThatThrownBy(() -> process.sample(model, 0, 0, 3, x, none))
        .hasMessageContaining("batch = 3: must be in 1..2");
    assertThatThrownBy(() -> process.sample(model, 0, 0, 2, new float[SIZE], none))
        .hasMessageContaining("do not fit");
    assertThatThrownBy(() -> process.denoise(model, 0, 0, 1, x, 20, none))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("starts at step 20: only 1..19 are allowed");
    assertThatThrownBy(() -> process.denoise(model, 0, 0, 1, x, 0, none))
        .hasMessageContaining("starts at step 0");
    assertThatThrownBy(
            () -> new ReverseProcess(new DdimSampler(TWENTY, 0), Prediction.V, CLIP, 0, 1))
        .hasMessageContaining("imageSize = 0");
    assertThatThrownBy(() -> new DdimSampler(TWENTY, 1.5))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("eta = 1.5");
    assertThatThrownBy(() -> new DpmSolverPlusPlus2M(NoiseSchedule.linear(1), FIRST_LEVEL, true))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("at least 2 levels, not 1");
  }

  private static float[] sample(Sampler sampler, long firstIndex, int batch) {
    float[] x = new float[batch * SIZE];
    new ReverseProcess(sampler, Prediction.EPSILON, Thresholding.NONE, SIZE, batch)
        .sample(ElementwiseModels::shrink, 1, firstIndex, batch, x, StepListener.NONE);
    return x;
  }

  private static double mean(float[] x) {
    double sum = 0;
    for (float value : x) {
      sum += value;
    }
    return sum / x.length;
  }

  private static double deviation(float[] x) {
    double mean = mean(x);
    double sum = 0;
    for (float value : x) {
      sum += (value - mean) * (value - mean);
    }
    return Math.sqrt(sum / x.length);
  }
}
