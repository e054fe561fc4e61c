package dev.ddpm.network.block;

import static dev.ddpm.backend.nd4j.Nd4jEngine.array;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.PortableBackend;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every block's gradients against central differences of Σ y·dy in float64. */
class NumericalGradientTest {
  private static final double STEP = 1e-5;
  private static final double TOLERANCE = 1e-7;

  /** Values per array that are differentiated; arrays are longer than that only slightly. */
  private static final int CHECKED = 60;

  static java.util.stream.Stream<Arguments> blocks() {
    return java.util.stream.Stream.of(
        image(new ConvolutionBlock.Spec(3, 5, 1), 5, 4, 3),
        image(new ConvolutionBlock.Spec(2, 3, 1), 1, 1, 2),
        image(new ConvolutionBlock.Spec(3, 5, 2), 5, 7, 3),
        image(new ConvolutionBlock.Spec(3, 5, 2, true), 4, 6, 3),
        image(new ConvolutionBlock.Spec(2, 3, 2, true), 2, 2, 2),
        image(new CenteringBlock.Spec(3), 2, 3, 3),
        image(new NearestUpsampleBlock.Spec(3, 5), 3, 2, 3),
        image(new NearestUpsampleBlock.Spec(2, 2), 1, 1, 2),
        image(new NormedAttentionBlock.Spec(8, 1, 4, 1e-5, 1), 3, 4, 8),
        image(new NormedAttentionBlock.Spec(6, 3, 2, 1e-5, 1), 2, 3, 6),
        image(new NormedAttentionBlock.Spec(6, 3, 2, 1e-5, 1.5), 2, 3, 6),
        image(new NormedAttentionBlock.Spec(6, 2, 0, 1e-5, 1.5), 2, 3, 6),
        image(new UpsampleBlock.Spec(3, 5), 3, 2, 3),
        image(new UpsampleBlock.Spec(2, 2), 1, 1, 2),
        image(new SwishBlock.Spec(), 3, 3, 2),
        image(new AttentionBlock.Spec(6, 1), 3, 4, 6),
        image(new AttentionBlock.Spec(6, 3), 2, 3, 6),
        image(new AttentionBlock.Spec(4, 1), 1, 1, 4),
        image(new OutputBlock.Spec(16, 3, 8, 1e-5), 3, 5, 16),
        Arguments.of(new TimeEmbeddingBlock.Spec(32), List.of(new long[] {2, 1})),
        Arguments.of(
            new TimeEmbeddingBlock.Spec(32, new TimeEncoding(0, true)), List.of(new long[] {2, 1})),
        Arguments.of(
            new ClassEmbeddingBlock.Spec(6, 3), List.of(new long[] {3, 6}, new long[] {3, 1})),
        residual(new ResidualBlock.Spec(8, 0, 8, 6, 4, 1e-5, 0, 0), 4, 3),
        residual(new ResidualBlock.Spec(4, 0, 8, 6, 2, 1e-5, 0, 0), 3, 5),
        residual(new ResidualBlock.Spec(4, 5, 6, 6, 3, 1e-5, 0, 0), 3, 3),
        residual(new ResidualBlock.Spec(8, 0, 8, 6, 4, 1e-5, 0.4, 3), 4, 3),
        residual(new ResidualBlock.Spec(8, 0, 8, 6, 4, 1e-5, 0, 0, true, 1), 4, 3),
        residual(new ResidualBlock.Spec(3, 5, 6, 6, 2, 1e-5, 0.4, 3, true, 1), 3, 4),
        residual(new ResidualBlock.Spec(8, 0, 8, 6, 4, 1e-5, 0, 0, false, 1.5), 4, 3),
        residual(new ResidualBlock.Spec(4, 5, 6, 6, 3, 1e-5, 0, 0, true, 1.5), 3, 3),
        residual(new ResidualBlock.Spec(3, 5, 8, 6, 8, 1e-5, 0.2, 1), 1, 1),
        residual(new ResidualBlock.Spec(3, 5, 8, 6, 2, 1e-5, 0.2, 1), 1, 2));
  }

  private static Arguments image(BlockSpec spec, int height, int width, int channels) {
    return Arguments.of(spec, List.of(new long[] {2, height, width, channels}));
  }

  private static Arguments residual(ResidualBlock.Spec spec, int height, int width) {
    List<long[]> shapes = new ArrayList<>();
    shapes.add(new long[] {2, height, width, spec.current()});
    if (spec.skip() > 0) {
      shapes.add(new long[] {2, height, width, spec.skip()});
    }
    shapes.add(new long[] {2, spec.timeChannels()});
    return Arguments.of(spec, shapes);
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void gradientsAreThoseOfTheOutput(BlockSpec spec, List<long[]> shapes) {
    BlockHarness harness = new BlockHarness(spec, new PortableBackend().create(Precision.FLOAT64));
    fill(Nd4jEngine.array(harness.values), 0);
    List<Tensor> inputs = new ArrayList<>();
    for (long[] shape : shapes) {
      Tensor input = harness.engine.allocate(shape);
      fill(array(input), inputs.size() + 1);
      inputs.add(input);
    }
    if (spec instanceof TimeEmbeddingBlock.Spec) {
      array(inputs.get(0)).assign(17);
    }
    if (spec instanceof ClassEmbeddingBlock.Spec) {
      inputs.get(1).upload(new float[] {2, 0, 2}, 0);
    }
    if (spec instanceof ResidualBlock.Spec) {
      inputs.add(harness.keys(12345678901L, -5));
    }
    Tensor[] all = inputs.toArray(Tensor[]::new);
    Tensor y = harness.block.forward(all, true);
    Tensor dy = harness.engine.allocate(y.shape());
    fill(array(dy), 9);
    Tensor[] gradients = harness.block.backward(dy);
    INDArray parameterGradients = Nd4jEngine.array(harness.gradients).dup();
    List<INDArray> inputGradients = new ArrayList<>();
    for (Tensor gradient : gradients) {
      inputGradients.add(gradient == null ? null : array(gradient).dup('c'));
    }

    if (!spec.parameters().isEmpty()) {
      compare(harness, all, dy, Nd4jEngine.array(harness.values), parameterGradients, "parameters");
    }
    for (int i = 0; i < gradients.length; i++) {
      if (inputGradients.get(i) != null) {
        INDArray input = array(all[i]);
        compare(harness, all, dy, input, inputGradients.get(i), "input " + i);
      }
    }
  }

  private static void compare(
      BlockHarness harness,
      Tensor[] inputs,
      Tensor dy,
      INDArray varied,
      INDArray gradient,
      String what) {
    int stride = Math.max(1, (int) (varied.length() / CHECKED)) | 1;
    for (long i = 0; i < varied.length(); i += stride) {
      double original = varied.data().getDouble(i);
      varied.data().put(i, original + STEP);
      double above = projection(harness, inputs, dy);
      varied.data().put(i, original - STEP);
      double below = projection(harness, inputs, dy);
      varied.data().put(i, original);
      double expected = (above - below) / (2 * STEP);
      assertThat(gradient.data().getDouble(i))
          .as(what + " " + i)
          .isCloseTo(expected, within(TOLERANCE * Math.max(1, Math.abs(expected))));
    }
  }

  private static double projection(BlockHarness harness, Tensor[] inputs, Tensor dy) {
    return array(harness.block.forward(inputs, true)).mul(array(dy)).sumNumber().doubleValue();
  }

  private static void fill(INDArray array, int number) {
    float[] values = new float[(int) array.length()];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, number, 0, values, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      array.data().put(i, (double) values[i]);
    }
  }
}
