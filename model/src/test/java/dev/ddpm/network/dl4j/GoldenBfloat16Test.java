package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.backend.Precision;
import dev.ddpm.backend.TestedBackend;
import dev.ddpm.backend.cpu.CpuBackend;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.golden.GoldenNetworks;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Predictions of whole networks in bfloat16 against libtorch's in float32. */
class GoldenBfloat16Test {
  /** Of the largest prediction. */
  private static final double PREDICTION = 2e-2;

  /** What rounding factors to 8 bits does at least: nobody computes in float32 unnoticed. */
  private static final double AT_LEAST = 1e-4;

  @BeforeEach
  void needsInstructions() {
    assumeTrue(new CpuBackend().serves(Precision.BFLOAT16), "nothing multiplies bfloat16 here");
  }

  private static void compare(GoldenFile golden, Dl4jNetwork network, Batch batch) {
    Denoiser pretrained =
        Dl4jNetwork.pretrained(network.architecture(), network.parameters(), Precision.BFLOAT16);
    float[] expected = golden.image("eps_theta");
    float[] actual = new float[expected.length];
    float[] again = new float[expected.length];

    pretrained.predict(batch, actual);
    pretrained.predict(batch, again);

    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
    }
    assertThat(difference / largest).isBetween(AT_LEAST, PREDICTION);
    assertThat(again).isEqualTo(actual);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mnist_noattn", "rgb_attn2", "groups32"})
  void labmlNetworksPredictTheSameNoise(String name) {
    GoldenFile golden = GoldenFile.open(name);
    float[] timesteps = golden.values("t");

    compare(
        golden,
        GoldenUNetTest.load(golden, TestedBackend.CPU),
        Batch.unconditional(timesteps.length, golden.image("x_t"), timesteps));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ho_small", "script_small", "classes_small"})
  void unet2dNetworksPredictTheSameNoise(String name) {
    GoldenFile golden = GoldenFile.open("unet2d_" + name);

    compare(
        golden,
        GoldenUnet2dTest.load(golden, GoldenNetworks.unet2d(name), TestedBackend.CPU),
        GoldenNetworks.batch(golden));
  }
}
