package dev.ddpm.network.walk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.network.dl4j.ChosenBackend;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.training.Decay;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Walks against DL4J's graphs of the same blocks, on the same back end: equal to the bit. */
class WalkedNetworkTest {
  private static final int IMAGES = 5;

  /**
   * With skips, projections, attention of two heads, classes and dropout, and direct convolutions.
   */
  private static final LabmlUNet LABML =
      new LabmlUNet(3, 8, 8, 8, List.of(1, 2), List.of(false, true), 2, 8, 2, 0.25, 4);

  /** With convolutions by Winograd's algorithm, and without classes. */
  private static final LabmlUNet WIDE =
      new LabmlUNet(1, 16, 16, 32, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);

  /** With modulated norms, centred images, divided sums and classes. */
  private static final Unet2d UNET2D =
      unet2d(new Unet2d.Middle(true, true, 1.5), new TimeEncoding(0, true), 0, true, 3, true);

  /** Ho's own. */
  private static final Unet2d PLAIN_UNET2D =
      unet2d(Unet2d.Middle.PLAIN, TimeEncoding.SINES_FIRST, 1, false, 0, false);

  private static final MemorySaving IN_PARTS = MemorySaving.inParts(IMAGES, 3, false);
  private static final MemorySaving RECOMPUTING = new MemorySaving(Integer.MAX_VALUE, true);
  private static final MemorySaving BOTH = MemorySaving.inParts(IMAGES, 2, true);

  /** Of steps that all have another rate: in the warm-up, at the top and in the decay. */
  private static final LearningRate RATE = new LearningRate(1e-2, 2, Decay.COSINE, 6);

  private static Unet2d unet2d(
      Unet2d.Middle middle,
      TimeEncoding time,
      int padding,
      boolean scaleShift,
      int classes,
      boolean centred) {
    return new Unet2d(
        1,
        16,
        16,
        List.of(16, 32),
        List.of(false, true),
        1,
        8,
        1e-5,
        16,
        middle,
        time,
        padding,
        scaleShift,
        0.25,
        classes,
        centred);
  }

  /**
   * What a step is made of.
   *
   * @param weights factor per image; null for none
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Step(Batch batch, float[] target, float[] weights, long[] keys) {

    static Step of(Architecture architecture, int number, int images) {
      int size = architecture.imageShape().size();
      float[] xt = new float[images * size];
      float[] target = new float[images * size];
      float[] timesteps = new float[images];
      int[] classes = architecture.classes() == 0 ? null : new int[images];
      float[] weights = number % 2 == 0 ? null : new float[images];
      long[] keys = new long[images];
      for (int i = 0; i < images; i++) {
        CounterRandom.gaussian(
            number, dev.ddpm.random.Stream.SAMPLE_NOISE, i, 0, xt, i * size, size);
        CounterRandom.gaussian(
            number, dev.ddpm.random.Stream.SAMPLE_NOISE, i, 1, target, i * size, size);
        timesteps[i] = (337 * i + 37.5f * number) % 1000;
        keys[i] = 1_000_003L * i + number;
        if (classes != null) {
          // some images of one class, as their gradients are added up
          classes[i] = (i + number) % 3;
        }
        if (weights != null) {
          weights[i] = 0.25f * (i + 1);
        }
      }
      return new Step(new Batch(images, xt, timesteps, classes), target, weights, keys);
    }

    double gradient(WalkedNetwork network) {
      return network.computeGradient(batch, target, weights, keys);
    }

    double gradient(Dl4jNetwork network) {
      return network.computeGradient(batch, target, weights, keys);
    }

    float[] prediction(Denoiser network) {
      float[] prediction = new float[target.length];
      network.predict(batch, prediction);
      return prediction;
    }
  }

  static Stream<Arguments> networks() {
    return TestedBackend.here()
        .flatMap(
            backend ->
                Stream.of(
                    Arguments.of(backend, LABML, Optimiser.ADAM, MemorySaving.NONE),
                    Arguments.of(backend, LABML, Optimiser.SGD, BOTH),
                    Arguments.of(backend, WIDE, Optimiser.SGD, MemorySaving.NONE),
                    Arguments.of(backend, WIDE, Optimiser.ADAM, RECOMPUTING),
                    Arguments.of(backend, UNET2D, Optimiser.ADAM, MemorySaving.NONE),
                    Arguments.of(backend, UNET2D, Optimiser.ADAM, BOTH),
                    Arguments.of(backend, PLAIN_UNET2D, Optimiser.ADAM, IN_PARTS)));
  }

  private static float[] gradients(Dl4jNetwork network) {
    return network.graph().getFlattenedGradients().toFloatVector();
  }

  /** Steps of full batches and smaller ones, with and without weights and clipping. */
  @ParameterizedTest
  @MethodSource("networks")
  void learnsAsTheGraphDoes(
      TestedBackend backend, Architecture architecture, Optimiser optimiser, MemorySaving saving) {
    Dl4jNetwork graph = ChosenBackend.create(backend, architecture, 3, optimiser, RATE, saving);
    WalkedNetwork walk =
        WalkedNetwork.create(architecture, 3, optimiser, RATE, saving, engine(backend));
    assertThat(walk.parameters()).isEqualTo(graph.parameters());
    assertThat(walk.updaterState()).isEqualTo(graph.updaterState());

    int number = 0;
    for (int images : new int[] {IMAGES, 2, IMAGES, IMAGES}) {
      Step step = Step.of(architecture, number, images);
      assertThat(step.prediction(walk)).isEqualTo(step.prediction(graph));
      assertThat(step.gradient(walk)).isEqualTo(step.gradient(graph));
      assertThat(walk.gradient()).isEqualTo(gradients(graph)).hasSize(walk.parameters().length);
      double clipNorm = number == 1 ? 0 : 0.05;
      walk.update(clipNorm);
      graph.update(clipNorm);
      assertThat(walk.parameters()).isEqualTo(graph.parameters());
      assertThat(walk.updaterState()).isEqualTo(graph.updaterState());
      number++;
    }
    assertThat(walk.steps()).isEqualTo(graph.steps()).isEqualTo(4);
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void predictsAsTheGraphDoes(Architecture architecture) {
    float[] weights = WeightInitializer.draw(ParameterLayout.of(architecture), 11);
    Denoiser graph = Dl4jNetwork.pretrained(architecture, weights, Precision.FLOAT32);
    Engine engine = Backends.best(Nd4jBackend.class, Precision.FLOAT32).create(Precision.FLOAT32);
    Denoiser walk = WalkedNetwork.pretrained(architecture, weights, engine);
    for (int images : new int[] {IMAGES, 1, IMAGES, IMAGES}) {
      Step step = Step.of(architecture, images, images);
      assertThat(step.prediction(walk)).isEqualTo(step.prediction(graph));
    }
  }

  static Stream<Architecture> architectures() {
    return Stream.of(LABML, WIDE, UNET2D, PLAIN_UNET2D);
  }

  @ParameterizedTest
  @MethodSource("dev.ddpm.backend.TestedBackend#here")
  void goesOnWhereTheGraphHasArrived(TestedBackend backend) {
    Dl4jNetwork graph =
        ChosenBackend.create(backend, LABML, 3, Optimiser.ADAM, RATE, MemorySaving.NONE);
    for (int number = 0; number < 3; number++) {
      Step.of(LABML, number, IMAGES).gradient(graph);
      graph.update(1);
    }
    WalkedNetwork walk =
        WalkedNetwork.create(LABML, 4, Optimiser.ADAM, RATE, MemorySaving.NONE, engine(backend));
    walk.load(graph.parameters(), graph.updaterState(), graph.steps());
    Step step = Step.of(LABML, 3, IMAGES);
    assertThat(step.gradient(walk)).isEqualTo(step.gradient(graph));
    walk.update(1);
    graph.update(1);
    assertThat(walk.steps()).isEqualTo(4);
    assertThat(walk.parameters()).isEqualTo(graph.parameters());
    assertThat(walk.updaterState()).isEqualTo(graph.updaterState());
  }

  /** Does in another way what a method of an interface does. */
  @FunctionalInterface
  private interface Other {
    Object call(Method method, Object[] arguments) throws ReflectiveOperationException;
  }

  /** The same, but for some methods. */
  private static <T> T except(Class<T> kind, T same, Set<String> methods, Other other) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          try {
            return methods.contains(method.getName())
                ? other.call(method, arguments)
                : method.invoke(same, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return kind.cast(Proxy.newProxyInstance(kind.getClassLoader(), new Class<?>[] {kind}, handler));
  }

  /** As graphs have it, whose loss and updater compute on the best back end. */
  private static Engine engine(TestedBackend backend) {
    Nd4jEngine best = Backends.best(Nd4jBackend.class, Precision.FLOAT32).create(Precision.FLOAT32);
    Engine engine = backend.engine();
    Kernels kernels =
        except(
            Kernels.class,
            engine.kernels(),
            Set.of("meanSquaredError", "adam"),
            (method, arguments) ->
                method.invoke(
                    best.kernels(),
                    Arrays.stream(arguments)
                        .map(
                            argument ->
                                argument instanceof Tensor tensor
                                    ? best.tensor(Nd4jEngine.array(tensor))
                                    : argument)
                        .toArray()));
    return except(Engine.class, engine, Set.of("kernels"), (method, arguments) -> kernels);
  }

  /** An engine that counts what is recorded, and how often that is done again. */
  private static Engine recording(Engine engine, List<int[]> replays) {
    return except(
        Engine.class,
        engine,
        Set.of("record"),
        (method, arguments) -> {
          int[] count = {0};
          replays.add(count);
          Runnable work = (Runnable) arguments[0];
          return (Runnable)
              () -> {
                count[0]++;
                work.run();
              };
        });
  }

  /** Batch sizes come by turns; the losses are those of the batch that was handed over last. */
  @Test
  void recordsGradientAndPredictionOncePerBatchSize() {
    List<int[]> replays = new ArrayList<>();
    Engine engine = recording(TestedBackend.PORTABLE.engine(), replays);
    WalkedNetwork recorded =
        WalkedNetwork.create(LABML, 3, Optimiser.ADAM, RATE, MemorySaving.NONE, engine);
    WalkedNetwork plain =
        WalkedNetwork.create(
            LABML, 3, Optimiser.ADAM, RATE, MemorySaving.NONE, TestedBackend.PORTABLE.engine());
    int[] sizes = {2, 1, 2, 1, 2};
    for (int number = 0; number < sizes.length; number++) {
      Step step = Step.of(LABML, number, sizes[number]);
      assertThat(step.gradient(recorded)).isEqualTo(step.gradient(plain));
      recorded.update(1);
      plain.update(1);
      assertThat(step.prediction(recorded)).isEqualTo(step.prediction(plain));
    }
    assertThat(recorded.parameters()).isEqualTo(plain.parameters());
    assertThat(replays.stream().map(count -> count[0])).containsExactly(2, 2, 1, 1);
  }

  @Test
  void refusesWhatDoesNotFit() {
    Engine engine = TestedBackend.PORTABLE.engine();
    WalkedNetwork network =
        WalkedNetwork.create(LABML, 3, Optimiser.SGD, RATE, MemorySaving.NONE, engine);
    float[] weights = network.parameters();
    assertThat(network.updaterState()).isEmpty();
    assertThatThrownBy(() -> network.setParameters(Arrays.copyOf(weights, 7)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The network has %d parameters, not 7", weights.length);
    assertThatThrownBy(() -> network.load(weights, new float[] {1}, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("This optimiser has no state.");
    Batch batch = Step.of(LABML, 0, 2).batch();
    float[] out = new float[batch.xt().length];
    assertThatThrownBy(() -> network.predict(batch.ofClasses(null), out))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("This network needs a class per image.");
    assertThatThrownBy(() -> network.predict(batch.ofClasses(new int[] {0, 4}), out))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("class 4 of a network with 4");
  }
}
