package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.bench.Network;
import dev.ddpm.bench.TimedSteps;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.Replica;

/** TINY, with dropout, trained on squares: the same on whatever engine, but for rounding. */
final class SmallTraining implements AutoCloseable {
  private static final long SEED = 17;
  private static final int SQUARE = 4;
  private static final byte BRIGHT = (byte) 230;
  private static final byte DARK = 25;

  private final WalkedNetwork network;
  private final Replica replica;
  private final long[] ids;
  private final byte[][] pixels;
  private int epoch;

  /**
   * A network that was not trained yet.
   *
   * @param images of a step
   */
  SmallTraining(Engine engine, Optimiser optimiser, double rate, int images) {
    Architecture architecture = Network.TINY.architecture();
    LearningRate learningRate = LearningRate.constant(rate, 0);
    network =
        WalkedNetwork.create(
            architecture, SEED, optimiser, learningRate, MemorySaving.NONE, engine);
    replica = TimedSteps.replica(network, TimedSteps.trainingSpec(optimiser, learningRate, SEED));
    ids = new long[images];
    pixels = new byte[images][architecture.imageShape().size()];
    int width = architecture.imageShape().width();
    for (int i = 0; i < images; i++) {
      ids[i] = i;
      for (int j = 0; j < pixels[i].length; j++) {
        boolean bright = (j % width / SQUARE + j / width / SQUARE + i) % 2 == 0;
        pixels[i][j] = bright ? BRIGHT : DARK;
      }
    }
  }

  /** Makes steps; gives their losses. */
  double[] train(int steps) {
    double[] losses = new double[steps];
    for (int step = 0; step < steps; step++) {
      losses[step] = replica.step(epoch++, ids, pixels, new int[ids.length]);
    }
    return losses;
  }

  float[] weights() {
    return network.parameters();
  }

  /** Closes the engine. */
  @Override
  public void close() {
    network.close();
  }
}
