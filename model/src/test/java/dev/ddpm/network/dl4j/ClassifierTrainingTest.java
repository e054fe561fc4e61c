package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.evaluation.classifier.Classifier;
import dev.ddpm.evaluation.classifier.ClassifierPlan;
import dev.ddpm.evaluation.classifier.LabelledImages;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;

class ClassifierTrainingTest {
  private static final ClassifierPlan PLAN = new ClassifierPlan(12, 16, 1, 3);

  private static float[] noise(ClassifierPlan plan, int index) {
    float[] values = new float[plan.input().size()];
    CounterRandom.gaussian(3, Stream.SAMPLE_NOISE, index, 0, values, 0, values.length);
    return values;
  }

  /** Noise with a bright bar on the left, in the middle or on the right. */
  private record Bars(int first, int size) implements LabelledImages {
    @Override
    public void input(int image, float[] to) {
      float[] noise = noise(PLAN, first + image);
      for (int i = 0; i < to.length; i++) {
        to[i] = 0.3f * noise[i] + (i % 16 / 6 == label(image) ? 0.5f : 0);
      }
    }

    @Override
    public int label(int image) {
      return (first + image) * 7 % 3;
    }
  }

  private static NamedTensors train(long seed, List<Double> losses) {
    return ClassifierTraining.train(
        PLAN, new Bars(0, 200), 4, seed, (epoch, loss) -> losses.add(loss));
  }

  private static List<float[]> values(NamedTensors tensors) {
    return tensors.headers().stream().map(TensorHeader::name).map(tensors::values).toList();
  }

  @Test
  void learnsAndDependsOnTheSeedAlone() {
    List<Double> losses = new ArrayList<>();
    NamedTensors weights = train(1, losses);

    var classifier = new Classifier(PLAN, weights);
    Bars others = new Bars(1000, 100);
    float[] input = new float[PLAN.input().size()];
    int right = 0;
    for (int i = 0; i < others.size(); i++) {
      others.input(i, input);
      right += classifier.classOf(input) == others.label(i) ? 1 : 0;
    }

    assertThat(losses).hasSize(4);
    assertThat(losses.get(3)).isLessThan(losses.get(0));
    assertThat(right).isGreaterThan(95);
    assertThat(weights.headers()).isEqualTo(PLAN.tensors());
    assertThat(values(train(1, new ArrayList<>())))
        .usingRecursiveComparison()
        .isEqualTo(values(weights));
    assertThat(values(train(2, new ArrayList<>())))
        .usingRecursiveComparison()
        .isNotEqualTo(values(weights));
  }

  /** The classifier in plain Java computes what DL4J does. */
  @ParameterizedTest
  @CsvSource({"28,28,1,10", "9,13,3,2", "64,31,3,100", "5,4,1,3"})
  void theClassifierIsThatOfDl4j(int height, int width, int channels, int classes) {
    var plan = ClassifierPlan.of(new ImageShape(height, width, channels), classes);
    MultiLayerNetwork network = ClassifierTraining.network(plan, 5, 1);
    var classifier = new Classifier(plan, ClassifierTraining.tensors(plan, network));

    for (int i = 0; i < 3; i++) {
      float[] input = noise(plan, i);
      List<INDArray> layers =
          network.feedForward(ClassifierTraining.array(plan, new float[][] {input}), false);
      float[] probabilities = layers.get(layers.size() - 1).toFloatVector();

      assertClose(classifier.features(input), layers.get(layers.size() - 2).toFloatVector());
      assertClose(softmax(classifier.scores(input)), probabilities);
    }
  }

  private static float[] softmax(float[] scores) {
    float[] exponentials = new float[scores.length];
    double sum = 0;
    for (int i = 0; i < scores.length; i++) {
      exponentials[i] = (float) Math.exp(scores[i]);
      sum += exponentials[i];
    }
    for (int i = 0; i < scores.length; i++) {
      exponentials[i] /= (float) sum;
    }
    return exponentials;
  }

  private static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-5f * (1 + Math.abs(expected[i]))));
    }
  }
}
