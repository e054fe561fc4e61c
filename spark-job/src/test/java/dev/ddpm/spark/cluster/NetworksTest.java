package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NetworksTest {
  private static final LabmlUNet TINY =
      new LabmlUNet(1, 8, 8, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
  private static final Backend ND4J = Backends.best(Backend.class, Precision.FLOAT32);

  /** One whose tensors DL4J is not told to know. */
  private static final class Foreign implements Backend {
    private final Engine engine;

    Foreign() {
      // as a card would, which rounds otherwise
      this(ND4J.create(Precision.FLOAT32));
    }

    Foreign(Engine engine) {
      this.engine = engine;
    }

    @Override
    public int rank() {
      return 0;
    }

    @Override
    public boolean serves(Precision precision) {
      return true;
    }

    @Override
    public Engine create(Precision precision) {
      return engine;
    }

    @Override
    public String describe(Precision precision) {
      return "foreign";
    }
  }

  private static TrainableNetwork create(Backend backend, Precision precision) {
    return Networks.create(
        TINY,
        3,
        Optimiser.ADAM,
        LearningRate.constant(1e-3, 0),
        MemorySaving.NONE,
        backend,
        precision);
  }

  @Test
  void graphsWhereTensorsAreArraysOfNd4jAndWalksElsewhere() {
    assertThat(create(ND4J, Precision.FLOAT32)).isInstanceOf(Dl4jNetwork.class);
    assertThat(create(new Foreign(), Precision.FLOAT32)).isInstanceOf(WalkedNetwork.class);
    assertThat(create(new Foreign(), Precision.TF32)).isInstanceOf(WalkedNetwork.class);
    float[] weights = WeightInitializer.draw(ParameterLayout.of(TINY), 5);
    Denoiser graph = Networks.pretrained(TINY, weights, ND4J, Precision.FLOAT32);
    Denoiser walk = Networks.pretrained(TINY, weights, new Foreign(), Precision.FLOAT32);
    assertThat(graph).isInstanceOf(Dl4jNetwork.class);
    assertThat(walk).isInstanceOf(WalkedNetwork.class);
    assertThat(prediction(walk)).isEqualTo(prediction(graph)).doesNotContain(0f);
  }

  private static float[] prediction(Denoiser network) {
    float[] image = new float[TINY.imageShape().size()];
    image[7] = 1;
    float[] prediction = new float[image.length];
    network.predict(Batch.unconditional(1, image, new float[] {500}), prediction);
    return prediction;
  }

  @Test
  void aNetworkThatCannotBeBuiltClosesItsEngine() {
    AtomicInteger closed = new AtomicInteger();
    Engine full =
        (Engine)
            Proxy.newProxyInstance(
                Engine.class.getClassLoader(),
                new Class<?>[] {Engine.class},
                (engine, method, arguments) -> {
                  if (method.getName().equals("close")) {
                    closed.incrementAndGet();
                    return null;
                  }
                  throw new OutOfMemoryError("of the card");
                });
    float[] weights = new float[(int) ParameterLayout.of(TINY).size()];

    assertThatThrownBy(() -> create(new Foreign(full), Precision.FLOAT32))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(closed).hasValue(1);
    assertThatThrownBy(
            () -> Networks.pretrained(TINY, weights, new Foreign(full), Precision.FLOAT32))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(closed).hasValue(2);
  }

  @Test
  void graphsAreTrainedInSinglePrecision() {
    assertThatThrownBy(() -> create(ND4J, Precision.TF32))
        .isInstanceOf(DdpmException.class)
        .hasMessage("This back end trains networks in float32 alone, not in TF32.");
  }
}
