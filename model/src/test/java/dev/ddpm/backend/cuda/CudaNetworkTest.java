package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.bench.gpu.Limits;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.exchange.GoldenFolder;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.golden.GoldenNetworks;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.walk.Gradients;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import dev.ddpm.sampling.AncestralSampler;
import dev.ddpm.sampling.ReverseProcess;
import dev.ddpm.sampling.StepListener;
import dev.ddpm.sampling.Thresholding;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole networks on an emulated card: against golden files, and against the CPU. */
class CudaNetworkTest {
  private static final LearningRate RATE = LearningRate.constant(1e-3, 0);
  private static final int IMAGES = 3;

  /** With skips, projections, attention of two heads, classes and dropout. */
  private static final LabmlUNet SMALL =
      new LabmlUNet(3, 8, 8, 16, List.of(1, 2), List.of(false, true), 1, 8, 2, 0.25, 4);

  @TempDir Path folder;

  private final EmulatedDevice device = new EmulatedDevice();

  @AfterEach
  void close() {
    device.close();
  }

  private static double error(float[] actual, float[] expected) {
    double largest = GoldenFile.largestDifference(expected, new float[expected.length]);
    assertThat(largest).isPositive();
    return GoldenFile.largestDifference(actual, expected) / largest;
  }

  private static WalkedNetwork network(
      Architecture architecture, Optimiser optimiser, MemorySaving saving, Engine engine) {
    return WalkedNetwork.create(architecture, 7, optimiser, RATE, saving, engine);
  }

  @ParameterizedTest
  @CsvSource({
    "tiny, FLOAT32",
    "rgb_attn2, FLOAT32",
    "tiny, TF32",
    "rgb_attn2, TF32",
    "tiny, BFLOAT16"
  })
  void isLabmlsNetwork(String name, Precision precision) {
    GoldenFile golden = GoldenFile.open(name);
    Architecture architecture = GoldenNetworks.labml(golden);
    ParameterLayout layout = ParameterLayout.of(architecture);
    float[] weights = new float[(int) layout.size()];
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      layout.fromStateDict(tensor, golden.values(tensor.name()), weights);
    }

    assertGolden(architecture, weights, golden, precision);
  }

  @ParameterizedTest
  @CsvSource({
    "ho_small, FLOAT32",
    "script_small, FLOAT32",
    "classes_small, FLOAT32",
    "ho_small, TF32",
    "ho_small, BFLOAT16"
  })
  void isDiffusersNetwork(String name, Precision precision) throws IOException {
    GoldenFile golden = GoldenFile.open("unet2d_" + name);
    ModelFolder imported = GoldenFolder.imported(name, folder.resolve(name));
    Architecture architecture = imported.description().architecture();
    float[] weights =
        new FlatTensors(ParameterLayout.of(architecture)).read(imported, TensorFile.WEIGHTS);

    assertGolden(architecture, weights, golden, precision);
  }

  private void assertGolden(
      Architecture architecture, float[] weights, GoldenFile golden, Precision precision) {
    Batch batch = GoldenNetworks.batch(golden);
    float[] expected = golden.image("eps_theta");
    WalkedNetwork network =
        network(architecture, Optimiser.ADAM, MemorySaving.NONE, new CudaEngine(device, precision));
    network.setParameters(weights);
    float[] prediction = new float[expected.length];

    network.predict(batch, prediction);
    double loss =
        network.computeGradient(batch, golden.image("noise"), null, new long[batch.size()]);

    assertThat(error(prediction, expected)).isLessThan(Limits.of(precision));
    double expectedLoss = golden.values("loss")[0];
    assertThat(loss).isCloseTo(expectedLoss, within(Limits.of(precision) * expectedLoss));
    ParameterLayout layout = ParameterLayout.of(architecture);
    float[] gradient = new float[(int) layout.size()];
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      if (golden.has("grad." + tensor.name())) {
        layout.fromStateDict(tensor, golden.values("grad." + tensor.name()), gradient);
      }
    }
    assertThat(error(Gradients.of(network), gradient)).isLessThan(Limits.of(precision));
  }

  /** Three steps; the update, and what the optimiser keeps. */
  private static List<float[]> trained(WalkedNetwork network) {
    float[] before = network.parameters();
    int size = SMALL.imageShape().size();
    for (int step = 0; step < 3; step++) {
      float[] xt = new float[IMAGES * size];
      float[] target = new float[IMAGES * size];
      CounterRandom.gaussian(step, Stream.SAMPLE_NOISE, 0, 0, xt, 0, xt.length);
      CounterRandom.gaussian(step, Stream.SAMPLE_NOISE, 0, 1, target, 0, target.length);
      Batch batch =
          new Batch(IMAGES, xt, new float[] {5 + step, 300, 999 - step}, new int[] {1, 3, 1});
      float[] weights = step == 1 ? new float[] {0.5f, 2, 1} : null;
      network.computeGradient(batch, target, weights, new long[] {step, 10, 11});
      network.update(1);
    }
    float[] update = network.parameters();
    for (int i = 0; i < update.length; i++) {
      update[i] -= before[i];
    }
    List<float[]> results = new ArrayList<>(List.of(update));
    results.add(network.updaterState());
    return results;
  }

  /** Adam divides by what may be rounding alone: of its updates only what it keeps is compared. */
  @Test
  void learnsWhatTheCpuLearns() {
    Engine cpu = TestedBackend.CPU.engine();
    List<float[]> expected = trained(network(SMALL, Optimiser.SGD, MemorySaving.NONE, cpu));
    Engine card = new CudaEngine(device, Precision.FLOAT32);
    List<float[]> actual = trained(network(SMALL, Optimiser.SGD, MemorySaving.NONE, card));
    assertThat(error(actual.get(0), expected.get(0))).isLessThan(1e-3);

    cpu = TestedBackend.CPU.engine();
    expected = trained(network(SMALL, Optimiser.ADAM, MemorySaving.NONE, cpu));
    card = new CudaEngine(device, Precision.FLOAT32);
    actual = trained(network(SMALL, Optimiser.ADAM, MemorySaving.NONE, card));
    assertThat(error(actual.get(1), expected.get(1))).isLessThan(1e-3);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void learnsTheSameBitsInWhateverOrderThreadsRun(Precision precision) {
    List<float[]> once =
        trained(
            network(SMALL, Optimiser.ADAM, MemorySaving.NONE, new CudaEngine(device, precision)));
    try (EmulatedDevice backwards = EmulatedDevice.backwards()) {
      List<float[]> again =
          trained(
              network(
                  SMALL, Optimiser.ADAM, MemorySaving.NONE, new CudaEngine(backwards, precision)));

      assertThat(again.get(0)).isEqualTo(once.get(0));
      assertThat(again.get(1)).isEqualTo(once.get(1));
    }
  }

  @Test
  void learnsTheSameBitsIfBlocksRecompute() {
    List<float[]> kept =
        trained(
            network(
                SMALL,
                Optimiser.ADAM,
                MemorySaving.NONE,
                new CudaEngine(device, Precision.FLOAT32)));
    List<float[]> recomputed =
        trained(
            network(
                SMALL,
                Optimiser.ADAM,
                new MemorySaving(Integer.MAX_VALUE, true),
                new CudaEngine(device, Precision.FLOAT32)));

    assertThat(recomputed.get(0)).isEqualTo(kept.get(0));
    assertThat(recomputed.get(1)).isEqualTo(kept.get(1));
  }

  /** Also when its pass was recorded, which the second is and the third replays. */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "TF32", "BFLOAT16"})
  void aPretrainedNetworkPredictsWhatATrainedOneDoes(Precision precision) {
    WalkedNetwork trained =
        network(SMALL, Optimiser.SGD, MemorySaving.NONE, new CudaEngine(device, precision));
    Denoiser pretrained =
        WalkedNetwork.pretrained(SMALL, trained.parameters(), new CudaEngine(device, precision));
    for (int pass = 0; pass < 3; pass++) {
      float[] xt = new float[SMALL.imageShape().size()];
      CounterRandom.gaussian(pass, Stream.SAMPLE_NOISE, 0, 0, xt, 0, xt.length);
      Batch batch = new Batch(1, xt, new float[] {100 + pass}, new int[] {2});
      float[] expected = new float[xt.length];
      float[] actual = new float[xt.length];

      trained.predict(batch, expected);
      pretrained.predict(batch, actual);

      assertThat(actual).isEqualTo(expected);
      assertThat(expected).isNotEqualTo(new float[xt.length]);
    }
  }

  /** Clean images, two of them mirrored. */
  private static CleanBatch clean() {
    byte[][] levels = new byte[IMAGES][SMALL.imageShape().size()];
    Random random = new Random(8);
    for (byte[] image : levels) {
      random.nextBytes(image);
    }
    return new CleanBatch(
        IMAGES,
        levels,
        new long[] {4, 1L << 40, 6},
        new int[] {1, 0, 7},
        new boolean[] {true, false, true},
        new int[] {0, 431, 999},
        new int[] {1, 3, 0});
  }

  private static Noising noising(Prediction prediction) {
    return new Noising(
        SMALL.imageShape(), DataRange.MINUS_ONE_TO_ONE, NoiseSchedule.linear(1000), prediction, 31);
  }

  /** The same bits, whether the card noises the images or is sent what the CPU makes of them. */
  @ParameterizedTest
  @CsvSource({"EPSILON, 3", "V, 2"})
  void learnsFromCleanImagesWhatItLearnsFromNoisedOnes(Prediction prediction, int atOnce) {
    MemorySaving saving = MemorySaving.inParts(IMAGES, atOnce, false);
    Noising noising = noising(prediction);
    CleanBatch clean = clean();
    long[] keys = {8, 9, 10};
    float[] weights = {0.5f, 2, 1};
    Set<String> ofSent = ConcurrentHashMap.newKeySet();
    Set<String> ofMade = ConcurrentHashMap.newKeySet();
    WalkedNetwork sent =
        network(
            SMALL,
            Optimiser.SGD,
            saving,
            new CudaEngine(new EmulatedDevice(ofSent::add), Precision.FLOAT32));
    WalkedNetwork made =
        network(
            SMALL,
            Optimiser.SGD,
            saving,
            new CudaEngine(new EmulatedDevice(ofMade::add), Precision.FLOAT32));
    for (int step = 0; step < 3; step++) {
      Noising.Noised noised = noising.apply(clean, 0, IMAGES);
      Batch batch = new Batch(IMAGES, noised.xt(), new float[] {0, 431, 999}, clean.classes());

      double expected = sent.computeGradient(batch, noised.target(), weights, keys);
      double actual = made.computeGradient(noising, clean, weights, keys);

      assertThat(actual).isEqualTo(expected).isPositive();
      assertThat(Gradients.of(made)).isEqualTo(Gradients.of(sent));
      sent.update(1);
      made.update(1);
    }
    assertThat(ofMade).contains("noiseImages");
    assertThat(ofSent).isNotEmpty().doesNotContain("noiseImages");
    sent.close();
    made.close();
  }

  /** The card's noise is the CPU's: a model that draws none of its own gives the same samples. */
  @Test
  void samplesWithItsOwnNoiseWhatItSamplesWithTheCpus() {
    Set<String> launched = ConcurrentHashMap.newKeySet();
    WalkedNetwork network =
        network(
            SMALL,
            Optimiser.SGD,
            MemorySaving.NONE,
            new CudaEngine(new EmulatedDevice(launched::add), Precision.FLOAT32));
    int[] classes = {2, 1};
    int[] predictions = {0};
    Denoiser withoutNoise =
        (in, out) -> {
          predictions[0]++;
          network.predict(in, out);
        };
    NoiseSchedule schedule = NoiseSchedule.linear(5);
    ReverseProcess process =
        new ReverseProcess(
            new AncestralSampler(schedule, Variance.FIXED_SMALL, true),
            Prediction.EPSILON,
            Thresholding.clip(DataRange.MINUS_ONE_TO_ONE),
            SMALL.imageShape().size(),
            2);
    float[] actual = new float[2 * SMALL.imageShape().size()];
    float[] expected = new float[actual.length];

    process.sample(network.conditionedOn(classes), 3, 70, 2, actual, StepListener.NONE);
    assertThat(launched).contains("gaussian");
    launched.clear();
    process.sample(withoutNoise.conditionedOn(classes), 3, 70, 2, expected, StepListener.NONE);

    assertThat(launched).doesNotContain("gaussian");
    assertThat(predictions[0]).isEqualTo(process.steps());
    assertThat(actual).isEqualTo(expected);
    network.close();
  }

  /** Whatever it has computed before, in however many sizes. */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void aClosedNetworkLeavesNothingOnTheCard(Precision precision) {
    for (boolean training : new boolean[] {true, false}) {
      EmulatedDevice card = new EmulatedDevice();
      Denoiser network;
      if (training) {
        WalkedNetwork trained =
            network(SMALL, Optimiser.ADAM, MemorySaving.NONE, new CudaEngine(card, precision));
        for (int step = 0; step < 2; step++) {
          trained.computeGradient(
              noising(Prediction.EPSILON), clean(), null, new long[] {1, 2, step});
          trained.update(1);
        }
        network = trained;
      } else {
        float[] weights = new float[(int) ParameterLayout.of(SMALL).size()];
        network = WalkedNetwork.pretrained(SMALL, weights, new CudaEngine(card, precision));
      }
      for (int images : new int[] {1, 2}) {
        float[] xt = new float[images * SMALL.imageShape().size()];
        Batch batch = new Batch(images, xt, new float[images], new int[images]);
        network.predict(batch, new float[xt.length]);
        network.predict(batch, new float[xt.length]);
      }
      assertThat(card.live()).isGreaterThan(20);

      network.close();

      assertThat(card.live()).isZero();
      assertThatThrownBy(() -> card.allocate(4)).hasMessage("The device was closed");
      assertThatThrownBy(() -> card.clear(0, 4)).hasMessage("The device was closed");
      network.close();
    }
  }
}
