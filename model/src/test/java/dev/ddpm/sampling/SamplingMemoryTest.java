package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.network.EpsModel;
import dev.ddpm.network.UNetSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.NoOp;

class SamplingMemoryTest {
  private static final int BATCH = 4;

  /** What JavaCPP counts is every array of ND4J, and oneDNN's memory: none is made by a step. */
  @Test
  void stepsAllocateNothingOutsideOfTheHeapAfterTheFirst() {
    UNetSpec unet = new UNetSpec(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0);
    EpsModel model = EpsModel.create(unet, 1, new NoOp());
    Sampler sampler = new AncestralSampler(NoiseSchedule.linear(30), Variance.FIXED_SMALL, false);
    var process =
        new ReverseProcess(sampler, Prediction.EPSILON, Thresholding.NONE, unet.imageSize(), BATCH);
    float[] x = new float[BATCH * unet.imageSize()];
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
