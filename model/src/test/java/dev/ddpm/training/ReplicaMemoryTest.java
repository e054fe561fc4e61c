package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

class ReplicaMemoryTest {
  private static final int BATCH = 4;

  /** For the heap and compiled code; the activations of 450 steps would be ten times as much. */
  private static final long ALLOWED = 64 << 20;

  @Test
  void stepsTakeNoMemoryOutsideOfTheHeapAfterTheFirst() {
    LabmlUNet unet =
        new LabmlUNet(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
    TrainingSpec training =
        new TrainingSpec(
            Prediction.EPSILON,
            LossWeighting.UNIFORM,
            TimestepShares.UNIFORM,
            DataRange.MINUS_ONE_TO_ONE,
            true,
            0.1,
            Optimiser.ADAM,
            LearningRate.constant(1e-3, 0),
            1,
            0,
            7);
    Replica replica =
        new Replica(
            Dl4jNetwork.create(unet, 7, training.optimiser(), training.learningRate()),
            NoiseSchedule.linear(100),
            training);
    long[] ids = {0, 1, 2, 3};
    byte[][] pixels = new byte[BATCH][unet.imageShape().size()];
    for (int step = 0; step < 50; step++) {
      replica.step(step, ids, pixels, new int[BATCH]);
    }
    long before = resident();
    for (int step = 50; step < 500; step++) {
      replica.step(step, ids, pixels, new int[BATCH]);
    }

    assertThat(resident() - before).isLessThan(ALLOWED);
  }

  private static long resident() {
    System.gc();
    return Pointer.physicalBytes();
  }
}
