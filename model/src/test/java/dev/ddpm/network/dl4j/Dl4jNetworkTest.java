package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.NetworkPlan;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class Dl4jNetworkTest {
  private static final LabmlUNet SMALL = spec(0);
  private static final LabmlUNet WITH_DROPOUT = spec(0.25);

  private static LabmlUNet spec(double dropout) {
    return new LabmlUNet(3, 8, 4, 16, List.of(1, 2), List.of(false, true), 1, 8, 2, dropout);
  }

  private static ParameterLayout layout(Dl4jNetwork model) {
    return ParameterLayout.of(model.architecture());
  }

  private static Dl4jNetwork model(LabmlUNet spec) {
    return Dl4jNetwork.create(spec, 11, TorchAdam.constant(1e-3));
  }

  /** Images, timesteps, noise and keys of a batch whose images follow from their numbers. */
  private static final class Images {
    final int size;
    final float[] xt;
    final float[] timesteps;
    final float[] epsilon;
    final long[] keys;

    private Images(int size, float[] xt, float[] timesteps, float[] epsilon, long[] keys) {
      this.size = size;
      this.xt = xt;
      this.timesteps = timesteps;
      this.epsilon = epsilon;
      this.keys = keys;
    }

    static Images of(LabmlUNet spec, int... images) {
      int size = spec.imageShape().size();
      float[] xt = new float[images.length * size];
      float[] epsilon = new float[images.length * size];
      float[] timesteps = new float[images.length];
      long[] keys = new long[images.length];
      for (int i = 0; i < images.length; i++) {
        CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, images[i], 0, xt, i * size, size);
        CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, images[i], 1, epsilon, i * size, size);
        timesteps[i] = 37 * images[i] % 1000;
        keys[i] = 1_000_003L * images[i];
      }
      return new Images(images.length, xt, timesteps, epsilon, keys);
    }

    Batch batch() {
      return Batch.unconditional(size, xt, timesteps);
    }

    double gradient(Dl4jNetwork model) {
      return model.computeGradient(batch(), epsilon, null, keys);
    }

    INDArray[] inputs(LabmlUNet spec) {
      float[] times = new float[size];
      for (int i = 0; i < size; i++) {
        times[i] = timesteps[i];
      }
      return new INDArray[] {
        image(spec, xt),
        Nd4j.createFromArray(times).reshape('c', size, 1),
        Nd4j.createFromArray(keys)
      };
    }

    INDArray[] labels(LabmlUNet spec) {
      return new INDArray[] {image(spec, epsilon)};
    }

    private INDArray image(LabmlUNet spec, float[] values) {
      return Nd4j.createFromArray(values)
          .reshape('c', size, spec.height(), spec.width(), spec.imageChannels());
    }

    float[] prediction(Denoiser model) {
      float[] prediction = new float[xt.length];
      model.predict(batch(), prediction);
      return prediction;
    }
  }

  private static float[] gradients(Dl4jNetwork model) {
    return model.graph().getFlattenedGradients().toFloatVector();
  }

  @Test
  void flatVectorIsInTheOrderOfTheLayout() {
    Dl4jNetwork model = model(SMALL);
    assertThat(model.graph().params().length()).isEqualTo(layout(model).size());
    assertThat(model.graph().numParams()).isEqualTo(layout(model).size());
    List<String> order = model.graph().getConfiguration().getTopologicalOrderStr();
    List<String> planned = SMALL.plan().nodes().stream().map(NetworkPlan.Node::name).toList();
    assertThat(order.subList(3, order.size() - 1)).containsExactlyElementsOf(planned);
    ComputationGraph copy = new ComputationGraph(model.graph().getConfiguration().clone());
    copy.init();
    assertThat(copy.getConfiguration().getTopologicalOrderStr()).isEqualTo(order);
  }

  @Test
  void initialWeightsAreUniformWithinTheirBoundAndFollowTheSeed() {
    Dl4jNetwork model = model(SMALL);
    float[] flat = model.parameters();
    for (ParameterLayout.Entry tensor : layout(model).tensors()) {
      float[] values = layout(model).toStateDict(tensor, flat);
      double bound = tensor.parameter().bound();
      if (bound == 0) {
        assertThat(values).as(tensor.name()).containsOnly((float) tensor.parameter().constant());
      } else {
        double largest = 0;
        for (float value : values) {
          largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).as(tensor.name()).isBetween(0.5 * bound, bound);
      }
    }
    assertThat(Dl4jNetwork.create(SMALL, 11, TorchAdam.constant(1)).parameters()).isEqualTo(flat);
    assertThat(Dl4jNetwork.create(SMALL, 12, TorchAdam.constant(1)).parameters())
        .isNotEqualTo(flat);
  }

  @Test
  void fanInsAreThoseOfPyTorch() {
    ParameterLayout layout = ParameterLayout.of(SMALL);
    assertThat(bound(layout, "image_proj.weight")).isEqualTo(1 / Math.sqrt(27));
    assertThat(bound(layout, "image_proj.bias")).isEqualTo(1 / Math.sqrt(27));
    assertThat(bound(layout, "time_emb.lin1.weight")).isEqualTo(0.25);
    assertThat(bound(layout, "up.2.conv.weight")).isEqualTo(1 / Math.sqrt(16 * 16));
  }

  private static double bound(ParameterLayout layout, String name) {
    return layout.tensors().stream()
        .filter(tensor -> tensor.name().equals(name))
        .findFirst()
        .orElseThrow()
        .parameter()
        .bound();
  }

  @Test
  void trainingForwardWithoutDropoutIsThePrediction() {
    Dl4jNetwork model = model(SMALL);
    Images batch = Images.of(SMALL, 1, 2, 3);
    double loss = batch.gradient(model);
    float[] prediction = batch.prediction(model);
    double sum = 0;
    for (int i = 0; i < prediction.length; i++) {
      sum += Math.pow(prediction[i] - batch.epsilon[i], 2);
    }
    assertThat(loss).isCloseTo(sum / prediction.length, within(1e-6 * loss));
  }

  @Test
  void batchSizesAndModesAlternateWithoutTraces() {
    Dl4jNetwork model = model(WITH_DROPOUT);
    Images three = Images.of(WITH_DROPOUT, 1, 2, 3);
    Images one = Images.of(WITH_DROPOUT, 4);
    double lossOfThree = three.gradient(model);
    float[] gradientOfThree = gradients(model);
    float[] predictionOfThree = three.prediction(model);
    float[] predictionOfOne = one.prediction(model);
    double lossOfOne = one.gradient(model);

    assertThat(three.prediction(model)).isEqualTo(predictionOfThree);
    assertThat(three.gradient(model)).isEqualTo(lossOfThree);
    assertThat(gradients(model)).isEqualTo(gradientOfThree);
    assertThat(one.gradient(model)).isEqualTo(lossOfOne);
    assertThat(one.prediction(model)).isEqualTo(predictionOfOne);
  }

  @Test
  void dropoutFollowsTheImageWhateverItsPlaceInTheBatch() {
    Dl4jNetwork model = model(WITH_DROPOUT);
    double first = Images.of(WITH_DROPOUT, 1).gradient(model);
    double second = Images.of(WITH_DROPOUT, 2).gradient(model);
    double both = Images.of(WITH_DROPOUT, 2, 1).gradient(model);
    assertThat(both).isCloseTo((first + second) / 2, within(1e-6));

    Images image = Images.of(WITH_DROPOUT, 1);
    double otherKey = model.computeGradient(image.batch(), image.epsilon, null, new long[] {99});
    assertThat(otherKey).isNotCloseTo(first, within(1e-6));
  }

  @Test
  void theGradientOfAnImageIsMultipliedByItsWeight() {
    Dl4jNetwork model = model(WITH_DROPOUT);
    Images both = Images.of(WITH_DROPOUT, 1, 2);
    Images.of(WITH_DROPOUT, 1).gradient(model);
    float[] first = gradients(model);
    Images.of(WITH_DROPOUT, 2).gradient(model);
    float[] second = gradients(model);

    double unweighted = both.gradient(model);
    float[] plain = gradients(model);
    double weighted =
        model.computeGradient(both.batch(), both.epsilon, new float[] {0.25f, 3}, both.keys);
    float[] expected = new float[plain.length];
    float largest = 0;
    for (int i = 0; i < expected.length; i++) {
      expected[i] = (0.25f * first[i] + 3 * second[i]) / 2;
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    assertThat(gradients(model)).containsExactly(expected, within(1e-5f * largest));
    assertThat(weighted).isEqualTo(unweighted);

    both.gradient(model);
    assertThat(gradients(model)).isEqualTo(plain);
  }

  static java.util.stream.Stream<LabmlUNet> shapes() {
    return java.util.stream.Stream.of(
        new LabmlUNet(1, 4, 4, 8, List.of(1, 2, 3), List.of(false, false, false), 1, 4, 1, 0.1),
        new LabmlUNet(4, 2, 6, 8, List.of(2, 1), List.of(true, true), 2, 8, 4, 0),
        new LabmlUNet(3, 5, 3, 24, List.of(1), List.of(false), 1, 24, 3, 0.5),
        new LabmlUNet(1, 2, 2, 8, List.of(3, 1), List.of(true, false), 1, 2, 2, 0.1));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void learnsToPredictOneBatch(LabmlUNet spec) {
    Dl4jNetwork model = model(spec);
    Images batch = Images.of(spec, 1, 2);
    double before = batch.gradient(model);
    for (int step = 0; step < 30; step++) {
      model.update(0);
      batch.gradient(model);
    }
    assertThat(batch.gradient(model)).isLessThan(0.9 * before);
    assertThat(Images.of(spec, 1).prediction(model)).doesNotContain(Float.NaN);
  }

  @Test
  void theSameStepsGiveTheSameBits() {
    float[][] results = new float[2][];
    for (int run = 0; run < 2; run++) {
      Dl4jNetwork model = model(WITH_DROPOUT);
      for (int step = 0; step < 3; step++) {
        Images.of(WITH_DROPOUT, step, step + 1).gradient(model);
        model.update(0);
      }
      results[run] = model.parameters();
    }
    assertThat(results[0]).isEqualTo(results[1]);
  }

  /** DL4J's own training loop does what computeGradient and update do. */
  @Test
  void fitsThroughTheComputationGraph() {
    Images batch = Images.of(WITH_DROPOUT, 1, 2);
    Dl4jNetwork expected = model(WITH_DROPOUT);
    batch.gradient(expected);
    expected.update(0);

    Dl4jNetwork model = model(WITH_DROPOUT);
    model.graph().fit(batch.inputs(WITH_DROPOUT), batch.labels(WITH_DROPOUT));

    assertThat(model.parameters()).isEqualTo(expected.parameters());
    assertThat(model.graph().getIterationCount()).isEqualTo(1);
  }

  @Test
  void updaterStateIsTheMeansFollowedByTheVariances() {
    Dl4jNetwork model = model(SMALL);
    Images batch = Images.of(SMALL, 1);
    batch.gradient(model);
    float[] gradient = gradients(model);
    model.update(0);
    float[] state = model.graph().getUpdater().getStateViewArray().toFloatVector();
    int size = (int) layout(model).size();
    assertThat(state).hasSize(2 * size);
    float[] mean = new float[size];
    float[] variance = new float[size];
    for (int i = 0; i < size; i++) {
      mean[i] = 0.1f * gradient[i];
      variance[i] = 0.001f * gradient[i] * gradient[i];
    }
    assertThat(Arrays.copyOf(state, size)).containsExactly(mean, within(1e-7f));
    assertThat(Arrays.copyOfRange(state, size, 2 * size)).containsExactly(variance, within(1e-9f));
  }

  @Test
  void configurationSurvivesJson() {
    TorchAdam updater =
        TorchAdam.scheduled(
            new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 1e-4).add(5, 1e-3).build());
    ComputationGraphConfiguration configuration =
        BlockGraph.configuration(WITH_DROPOUT.plan(), updater, DataType.FLOAT);
    ComputationGraphConfiguration read =
        ComputationGraphConfiguration.fromJson(configuration.toJson());
    assertThat(read.getVertices()).isEqualTo(configuration.getVertices());
    assertThat(read.toJson()).isEqualTo(configuration.toJson());
    assertThat(configuration.clone().getVertices()).isEqualTo(configuration.getVertices());
  }

  @Test
  void aSavedNetworkContinuesAsIfNeverSaved(@TempDir Path folder) throws Exception {
    Dl4jNetwork model = model(WITH_DROPOUT);
    Images.of(WITH_DROPOUT, 1, 2).gradient(model);
    model.update(0);
    File file = folder.resolve("model.zip").toFile();
    ModelSerializer.writeModel(model.graph(), file, true);
    ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, true);

    Images next = Images.of(WITH_DROPOUT, 3, 4);
    next.gradient(model);
    model.update(0);
    restored.fit(next.inputs(WITH_DROPOUT), next.labels(WITH_DROPOUT));

    assertThat(restored.params().toFloatVector()).isEqualTo(model.parameters());
  }

  @Test
  void aPretrainedNetworkPredictsTheSame() {
    LabmlUNet spec = new LabmlUNet(3, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 2, 0);
    Dl4jNetwork trained = model(spec);
    Denoiser pretrained = Dl4jNetwork.pretrained(spec, trained.parameters(), Precision.FLOAT32);
    for (int[] images : new int[][] {{1, 2, 3}, {7}, {4, 5, 6}}) {
      Images batch = Images.of(spec, images);
      float[] expected = new float[batch.xt.length];
      float[] actual = new float[batch.xt.length];
      trained.predict(batch.batch(), expected);
      pretrained.predict(batch.batch(), actual);
      assertThat(actual).containsExactly(expected, within(1e-5f));
    }
  }

  @Test
  void classesAreRefused() {
    Denoiser model = model(SMALL);
    Images image = Images.of(SMALL, 1);
    Batch withClass = new Batch(1, image.xt, image.timesteps, new int[] {3});

    assertThatThrownBy(() -> model.predict(withClass, new float[image.xt.length]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("This network knows no classes.");
  }
}
