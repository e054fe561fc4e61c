package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A network with classes against one without, to which the embedding of a class is added. */
class LabmlClassesTest {
  private static final LabmlUNet PLAIN = network(0);
  private static final LabmlUNet CLASSES = network(4);
  private static final String EMBEDDING = "class_emb.weight";
  private static final String TIME_BIAS = "time_emb.lin2.bias";
  private static final int IMAGES = 3;

  private final float[] xt = normals(0);
  private final float[] target = normals(1);
  private final float[] timesteps = {3, 500, 999};
  private final long[] keys = {1, 2, 3};

  private static LabmlUNet network(int classes) {
    return new LabmlUNet(1, 8, 4, 16, List.of(1, 2), List.of(false, true), 1, 8, 2, 0.2, classes);
  }

  private static float[] normals(int step) {
    float[] values = new float[IMAGES * PLAIN.imageShape().size()];
    CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, 0, step, values, 0, values.length);
    return values;
  }

  private static Dl4jNetwork create(LabmlUNet spec, float[] weights) {
    Dl4jNetwork network = Dl4jNetwork.create(spec, 11, TorchAdam.constant(1e-3));
    network.setParameters(weights);
    return network;
  }

  private static float[] tensor(LabmlUNet spec, float[] flat, String name) {
    ParameterLayout layout = ParameterLayout.of(spec);
    return layout.tensors().stream()
        .filter(entry -> entry.name().equals(name))
        .map(entry -> layout.toStateDict(entry, flat))
        .findFirst()
        .orElseThrow();
  }

  /** The weights of a network with classes without their embedding. */
  private static float[] withoutEmbedding(float[] flat) {
    ParameterLayout from = ParameterLayout.of(CLASSES);
    ParameterLayout to = ParameterLayout.of(PLAIN);
    float[] plain = new float[(int) to.size()];
    for (ParameterLayout.Entry entry : to.tensors()) {
      to.fromStateDict(entry, tensor(CLASSES, flat, entry.name()), plain);
    }
    assertThat(from.size() - to.size()).isEqualTo(4L * 64);
    return plain;
  }

  private static float[] with(LabmlUNet spec, float[] flat, String name, float[] values) {
    ParameterLayout layout = ParameterLayout.of(spec);
    float[] changed = flat.clone();
    layout.tensors().stream()
        .filter(entry -> entry.name().equals(name))
        .forEach(entry -> layout.fromStateDict(entry, values, changed));
    return changed;
  }

  private Batch batch(int... classes) {
    return new Batch(IMAGES, xt, timesteps, classes.length == 0 ? null : classes);
  }

  private float[] prediction(Dl4jNetwork network, Batch batch) {
    float[] prediction = new float[xt.length];
    network.predict(batch, prediction);
    return prediction;
  }

  private double gradient(Dl4jNetwork network, Batch batch) {
    return network.computeGradient(batch, target, null, keys);
  }

  private static float[] gradients(Dl4jNetwork network) {
    return network.graph().getFlattenedGradients().toFloatVector();
  }

  @Test
  void withAnEmbeddingOfZerosItIsTheNetworkWithoutClasses() {
    float[] drawn = Dl4jNetwork.create(CLASSES, 11, TorchAdam.constant(1)).parameters();
    Dl4jNetwork classes = create(CLASSES, with(CLASSES, drawn, EMBEDDING, new float[4 * 64]));
    Dl4jNetwork plain = create(PLAIN, withoutEmbedding(drawn));

    assertThat(prediction(classes, batch(3, 0, 1))).isEqualTo(prediction(plain, batch()));
    assertThat(gradient(classes, batch(3, 0, 1))).isEqualTo(gradient(plain, batch()));
    assertThat(withoutEmbedding(gradients(classes))).isEqualTo(gradients(plain));
  }

  /** What is added to every image is a bias, and so is its gradient. */
  @Test
  void theRowOfAClassIsAddedToTheEmbeddingOfTheTimestep() {
    Dl4jNetwork classes = Dl4jNetwork.create(CLASSES, 11, TorchAdam.constant(1));
    float[] drawn = classes.parameters();
    float[] embedding = tensor(CLASSES, drawn, EMBEDDING);
    assertThat(embedding).doesNotHaveDuplicates();
    float[] bias = tensor(CLASSES, drawn, TIME_BIAS);
    for (int i = 0; i < bias.length; i++) {
      bias[i] += embedding[2 * bias.length + i];
    }
    Dl4jNetwork plain = create(PLAIN, with(PLAIN, withoutEmbedding(drawn), TIME_BIAS, bias));

    assertThat(prediction(classes, batch(2, 2, 2)))
        .containsExactly(prediction(plain, batch()), within(1e-5f));
    assertThat(prediction(classes, batch(2, 1, 2))).isNotEqualTo(prediction(plain, batch()));
    double loss = gradient(classes, batch(2, 2, 2));
    assertThat(loss).isCloseTo(gradient(plain, batch()), within(1e-5));
    float[] rows = tensor(CLASSES, gradients(classes), EMBEDDING);
    float[] expected = tensor(PLAIN, gradients(plain), TIME_BIAS);
    for (int row = 0; row < 4; row++) {
      float[] actual = Arrays.copyOfRange(rows, row * 64, (row + 1) * 64);
      assertThat(actual).containsExactly(row == 2 ? expected : new float[64], within(1e-5f));
    }
  }

  @Test
  void learnsTheRowsOfTheClassesThatItSees() {
    Dl4jNetwork network = Dl4jNetwork.create(CLASSES, 11, TorchAdam.constant(1e-3));
    float[] before = tensor(CLASSES, network.parameters(), EMBEDDING);
    double first = gradient(network, batch(0, 1, 3));
    for (int step = 0; step < 20; step++) {
      network.update(0);
      gradient(network, batch(0, 1, 3));
    }
    float[] after = tensor(CLASSES, network.parameters(), EMBEDDING);

    assertThat(gradient(network, batch(0, 1, 3))).isLessThan(first);
    for (int row = 0; row < 4; row++) {
      boolean same = Arrays.equals(before, row * 64, row * 64 + 64, after, row * 64, row * 64 + 64);
      assertThat(same).as("row %d", row).isEqualTo(row == 2);
    }
  }

  @Test
  void asManyClassesAsNoEmbeddingHasAreRefused() {
    for (int classes : new int[] {-1, (1 << 20) + 1}) {
      assertThatThrownBy(() -> network(classes))
          .isInstanceOf(DdpmException.class)
          .hasMessage("classes = %d: must be at least 0 and at most 1048576.".formatted(classes));
    }
    assertThat(CLASSES.forInference().classes()).isEqualTo(4);
  }
}
