package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.function.Function;

/**
 * What kind of network computes on which back end: a graph of DL4J's where tensors lie over ND4J's
 * arrays, a walk through the blocks elsewhere.
 */
public final class Networks {
  private Networks() {}

  /**
   * A network with random weights that is to be trained.
   *
   * @param architecture what it looks like
   * @param seed of the weights
   * @param optimiser what turns gradients into updates
   * @param learningRate of the optimiser
   * @param saving how the memory of a step is saved
   * @param backend what computes it
   * @param precision what it computes in
   * @throws DdpmException (environment) if the back end does not train in the precision
   */
  public static TrainableNetwork create(
      Architecture architecture,
      long seed,
      Optimiser optimiser,
      LearningRate learningRate,
      MemorySaving saving,
      Backend backend,
      Precision precision) {
    if (!isNd4j(backend)) {
      return on(
          backend.create(precision),
          engine ->
              WalkedNetwork.create(architecture, seed, optimiser, learningRate, saving, engine));
    }
    if (precision != Precision.FLOAT32) {
      throw DdpmException.environment(
          "This back end trains networks in float32 alone, not in %s.", precision);
    }
    return Dl4jNetwork.create(architecture, seed, optimiser, learningRate, saving);
  }

  /**
   * A network with given weights that is not trained further.
   *
   * @param architecture what it looks like
   * @param weights flat, in the order of the network
   * @param backend what computes it
   * @param precision what it computes in
   * @throws DdpmException (environment) if the back end does not compute in the precision
   */
  public static Denoiser pretrained(
      Architecture architecture, float[] weights, Backend backend, Precision precision) {
    return isNd4j(backend)
        ? Dl4jNetwork.pretrained(architecture, weights, precision)
        : on(
            backend.create(precision),
            engine -> WalkedNetwork.pretrained(architecture, weights, engine));
  }

  /** A network that could not be built, perhaps for want of memory, leaves none in use. */
  private static <N> N on(Engine engine, Function<Engine, N> network) {
    try {
      return network.apply(engine);
    } catch (RuntimeException | Error e) {
      engine.close();
      throw e;
    }
  }

  /** DL4J's graphs choose the best of these by themselves. */
  private static boolean isNd4j(Backend backend) {
    return backend instanceof Nd4jBackend;
  }
}
