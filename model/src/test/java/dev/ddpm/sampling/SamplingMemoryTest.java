package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

class SamplingMemoryTest {
  private static final int BATCH = 4;

  /** What JavaCPP counts is every array of ND4J, and oneDNN's memory: none is made by a step. */
  @Test
  void stepsAllocateNothingOutsideOfTheHeapAfterTheFirst() {
    LabmlUNet unet = new LabmlUNet(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0);
    Denoiser model = Dl4jNetwork.create(unet, 1, Optimiser.SGD, LearningRate.constant(1, 0));
    Sampler sampler = new AncestralSampler(NoiseSchedule.linear(30), Variance.FIXED_SMALL, false);
    var process =
        new ReverseProcess(
            sampler, Prediction.EPSILON, Thresholding.NONE, unet.imageShape().size(), BATCH);
    float[] x = new float[BATCH * unet.imageShape().size()];
    List<Long> bytes = new ArrayList<>();

    process.sample(
        model,
        7,
        0,
        BATCH,
        x,
        (progress, images, x0, length) -> {
          bytes.add(Pointer.totalBytes());
          return true;
        });

    // It may become less: what earlier tests have left is freed when the garbage collector sees it.
    assertThat(bytes.subList(1, bytes.size())).isSortedAccordingTo(Comparator.reverseOrder());
  }
}
