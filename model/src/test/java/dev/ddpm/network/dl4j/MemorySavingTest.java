package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps in less memory, compared with steps of whole batches that keep everything. */
class MemorySavingTest {
  private static final int IMAGES = 5;

  /**
   * With skips, projections, attention of two heads, classes and dropout, and direct convolutions.
   */
  private static final LabmlUNet LABML =
      new LabmlUNet(3, 8, 8, 8, List.of(1, 2), List.of(false, true), 2, 8, 2, 0.25, 4);

  /** With convolutions by Winograd's algorithm. */
  private static final LabmlUNet WIDE =
      new LabmlUNet(1, 16, 16, 32, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);

  /** With modulated norms, attention that normalises, of two heads, and divided sums. */
  private static final Unet2d UNET2D =
      new Unet2d(
          1,
          16,
          16,
          List.of(16, 32),
          List.of(false, true),
          1,
          8,
          1e-5,
          16,
          new Unet2d.Middle(true, true, 1.5),
          TimeEncoding.SINES_FIRST,
          1,
          true,
          0.25,
          0,
          false);

  static java.util.stream.Stream<Arguments> networks() {
    return TestedBackend.here()
        .flatMap(
            backend ->
                java.util.stream.Stream.of(LABML, WIDE, UNET2D)
                    .map(network -> Arguments.of(backend, network)));
  }

  private static Dl4jNetwork network(
      TestedBackend backend, Architecture architecture, MemorySaving saving) {
    Dl4jNetwork network = Dl4jNetwork.create(architecture, 3, TorchAdam.constant(1e-3), saving);
    network.use(backend.backend());
    return network;
  }

  /** Puts so many images through, of which each counts in another way. */
  private static double gradient(Dl4jNetwork network, int images, boolean weighted) {
    int size = network.architecture().imageShape().size();
    float[] xt = new float[images * size];
    float[] target = new float[images * size];
    float[] timesteps = new float[images];
    int[] classes = network.architecture().classes() == 0 ? null : new int[images];
    float[] weights = weighted ? new float[images] : null;
    long[] keys = new long[images];
    for (int i = 0; i < images; i++) {
      CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, i, 0, xt, i * size, size);
      CounterRandom.gaussian(5, Stream.SAMPLE_NOISE, i, 1, target, i * size, size);
      timesteps[i] = 37 * i % 1000;
      keys[i] = 1_000_003L * i;
      if (classes != null) {
        classes[i] = i % network.architecture().classes();
      }
      if (weighted) {
        weights[i] = 0.25f * (i + 1);
      }
    }
    return network.computeGradient(
        new Batch(images, xt, timesteps, classes), target, weights, keys);
  }

  private static float[] gradients(Dl4jNetwork network) {
    return network.graph().getFlattenedGradients().toFloatVector();
  }

  /** The largest, as a share of the largest value. */
  private static double difference(float[] actual, float[] expected) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    }
    return difference / largest;
  }

  @ParameterizedTest
  @MethodSource("networks")
  void recomputingChangesNoBit(TestedBackend backend, Architecture architecture) {
    Dl4jNetwork keeping = network(backend, architecture, MemorySaving.NONE);
    Dl4jNetwork recomputing =
        network(backend, architecture, new MemorySaving(Integer.MAX_VALUE, true));
    for (int images : new int[] {2, 1}) {
      double loss = gradient(keeping, images, false);

      assertThat(gradient(recomputing, images, false)).isEqualTo(loss);
      assertThat(gradients(recomputing)).isEqualTo(gradients(keeping));

      keeping.update(1);
      recomputing.update(1);
    }
    assertThat(recomputing.parameters()).isEqualTo(keeping.parameters());
  }

  @ParameterizedTest
  @MethodSource("networks")
  void partsAddUpToTheGradientOfTheBatch(TestedBackend backend, Architecture architecture) {
    Dl4jNetwork whole = network(backend, architecture, MemorySaving.NONE);
    for (boolean weighted : new boolean[] {false, true}) {
      double loss = gradient(whole, IMAGES, weighted);
      float[] expected = gradients(whole);
      int parts = weighted ? 2 : IMAGES;
      Dl4jNetwork inParts =
          network(backend, architecture, MemorySaving.inParts(IMAGES, parts, weighted));

      assertThat(gradient(inParts, IMAGES, weighted)).isCloseTo(loss, within(1e-6 * loss));
      assertThat(difference(gradients(inParts), expected)).isLessThan(2e-6);
    }
  }

  /** Without a trace of the gradient of the step before. */
  @Test
  void stepsInPartsLeadToTheSameWeights() {
    Dl4jNetwork whole = network(TestedBackend.PORTABLE, LABML, MemorySaving.NONE);
    Dl4jNetwork inParts =
        network(TestedBackend.PORTABLE, LABML, MemorySaving.inParts(IMAGES, 3, false));
    for (int images : new int[] {IMAGES, 3, 1, IMAGES}) {
      gradient(whole, images, true);
      gradient(inParts, images, true);
      float[] expected = gradients(whole);
      assertThat(difference(gradients(inParts), expected)).isLessThan(1e-5);
      whole.update(0.5);
      inParts.update(0.5);
    }
    assertThat(inParts.steps()).isEqualTo(4);
  }

  @Test
  void partsAreAsEqualAsTheyCanBeMade() {
    assertThat(MemorySaving.inParts(128, 8, false).passSizes(List.of(128, 77, 78)))
        .containsExactly(13, 14, 16);
    assertThat(MemorySaving.inParts(10, 4, false).passSizes(List.of(10))).containsExactly(1, 3);
    assertThat(MemorySaving.inParts(10, 4, false).partsOf(10)).isEqualTo(4);
    assertThat(MemorySaving.NONE.passSizes(List.of(32, 7))).containsExactly(7, 32);
    assertThat(MemorySaving.NONE.partsOf(32)).isOne();
    assertThatThrownBy(() -> MemorySaving.inParts(4, 5, false))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "accumulate = 5: a batch of batch-size = 4 images can be cut into 1 to 4 parts.");
  }
}
