package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.diffusion.GaussianDiffusion;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuidedDenoiserTest {
  private static final int SIZE = 3;
  private static final int NO_CLASS = 4;

  private final List<Batch> asked = new ArrayList<>();

  /** Puts out 10·(class + 1)·x + t; without a class x. */
  private final Denoiser model =
      (in, out) -> {
        asked.add(in);
        for (int i = 0; i < in.size() * SIZE; i++) {
          int factor = in.classes() == null ? 1 : 10 * (in.classes()[i / SIZE] + 1);
          out[i] = factor * in.xt()[i] + in.timesteps()[i / SIZE];
        }
      };

  private final float[] x = {1, 2, 3, -1, 0, 4};

  private Batch batch(float... timesteps) {
    return new Batch(2, x, timesteps, new int[] {0, 2});
  }

  private float[] predict(Denoiser guided, Batch in) {
    // Longer than the batch, as a caller's may be.
    float[] out = new float[x.length + 5];
    guided.predict(in, out);
    assertThat(Arrays.copyOfRange(out, x.length, out.length)).containsOnly(0);
    return Arrays.copyOf(out, x.length);
  }

  private GuidedDenoiser guided(Guidance guidance) {
    return GuidedDenoiser.withoutClasses(model, NO_CLASS, guidance, SIZE, 3);
  }

  @Test
  void leadsAwayFromWhatIsSaidWithoutClassesInOneBatch() {
    float[] out = predict(guided(Guidance.of(3)), batch(7, 7));

    // w + 3·(c − w): with w = 50x + t, and c = 10x + t or 30x + t.
    assertThat(out).containsExactly(-70 + 7, -140 + 7, -210 + 7, 10 + 7, 7, -40 + 7);
    assertThat(asked).hasSize(1);
    assertThat(asked.get(0).size()).isEqualTo(4);
    assertThat(asked.get(0).classes()).startsWith(0, 2, NO_CLASS, NO_CLASS);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "0, 4"})
  void oneAndZeroAreTheModelWithAndWithoutClassesAskedOnce(double scale, int firstClass) {
    float[] out = predict(guided(Guidance.of(scale)), batch(7, 7));

    assertThat(asked).hasSize(1);
    assertThat(asked.get(0).size()).isEqualTo(2);
    assertThat(asked.get(0).classes()[0]).isEqualTo(firstClass);
    assertThat(out[0]).isEqualTo(10 * (firstClass + 1) + 7);
  }

  @Test
  void outsideOfTheIntervalTheModelAloneIsAsked() {
    Denoiser guided = guided(new Guidance(3, 5, 8));

    assertThat(predict(guided, batch(4, 4))[0]).isEqualTo(14);
    assertThat(predict(guided, batch(8.5f, 8.5f))[0]).isEqualTo(18.5f);
    assertThat(asked).extracting(Batch::size).containsExactly(2, 2);
    assertThat(predict(guided, batch(5, 5))[0]).isEqualTo(-65);
    assertThat(predict(guided, batch(8, 8))[0]).isEqualTo(-62);
    assertThat(asked).extracting(Batch::size).containsExactly(2, 2, 4, 4);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 3})
  void imagesOfOneBatchAreGuidedEachAtItsTimestep(double scale) {
    float[] out = predict(guided(new Guidance(scale, 5, 8)), batch(4, 6));

    assertThat(out[0]).isEqualTo(14);
    assertThat(out[5]).isEqualTo((float) (50 * 4 + scale * (30 - 50) * 4 + 6));
  }

  @Test
  void anotherModelIsToldTheClassesToo() {
    Denoiser weaker = (in, out) -> model.predict(in.ofClasses(new int[] {1, in.classes()[1]}), out);
    float[] out = predict(GuidedDenoiser.by(weaker, model, Guidance.of(2), SIZE, 2), batch(0, 0));

    assertThat(out).containsExactly(0, 0, 0, -30, 0, 120);
    assertThat(asked).extracting(Batch::size).containsExactly(2, 2);
  }

  @Test
  void aModelThatKnowsNoClassesIsGuidedByAnother() {
    Denoiser guided =
        GuidedDenoiser.by(
            (in, out) -> Arrays.fill(out, 0, in.size() * SIZE, 1), model, Guidance.of(2), SIZE, 2);

    assertThat(predict(guided, Batch.unconditional(2, x, new float[2])))
        .containsExactly(1, 3, 5, -3, -1, 7);
  }

  /** Leading what is put out leads the clean image that follows from it, whatever is put out. */
  @ParameterizedTest
  @EnumSource
  void theCleanImageIsLedWhateverTheModelPutsOut(Prediction prediction) {
    var diffusion = new GaussianDiffusion(NoiseSchedule.linear(10));
    Batch in = batch(6, 6);
    float[] with = predict(guided(Guidance.of(1)), in);
    float[] without = predict(guided(Guidance.of(0)), in);
    float[] led = predict(guided(Guidance.of(2.5)), in);
    float[][] clean = new float[3][x.length];
    List<float[]> outputs = List.of(with, without, led);
    for (int i = 0; i < 3; i++) {
      diffusion.predictX0(prediction, x, outputs.get(i), 6, clean[i], 0, x.length);
    }

    for (int i = 0; i < x.length; i++) {
      double expected = clean[1][i] + 2.5 * (clean[0][i] - clean[1][i]);
      assertThat((double) clean[2][i])
          .isCloseTo(expected, within(1e-4 * Math.abs(expected) + 1e-4));
    }
  }

  @Test
  void aNetworkThatIsGuidedSaysWhatItsTwoAnswersMake() {
    LabmlUNet unet =
        new LabmlUNet(1, 8, 8, 8, List.of(1, 2), List.of(false, true), 1, 4, 1, 0, NO_CLASS + 1);
    ParameterLayout layout = ParameterLayout.of(unet);
    Denoiser network =
        Dl4jNetwork.pretrained(unet, WeightInitializer.draw(layout, 3), Precision.FLOAT32);
    int size = unet.imageShape().size();
    float[] images = new float[2 * size];
    CounterRandom.gaussian(1, Stream.SAMPLE_NOISE, 0, 0, images, 0, images.length);
    Batch in = new Batch(2, images, new float[] {30, 30}, new int[] {3, 1});
    float[] with = new float[images.length];
    float[] without = new float[images.length];
    network.predict(in, with);
    network.predict(in.ofClasses(new int[] {NO_CLASS, NO_CLASS}), without);
    assertThat(with).isNotEqualTo(without);
    float[] out = new float[images.length];

    GuidedDenoiser.withoutClasses(network, NO_CLASS, Guidance.of(1), size, 2).predict(in, out);
    assertThat(out).containsExactly(with);
    GuidedDenoiser.withoutClasses(network, NO_CLASS, Guidance.of(0), size, 2).predict(in, out);
    assertThat(out).containsExactly(without);
    GuidedDenoiser.withoutClasses(network, NO_CLASS, Guidance.of(4), size, 2).predict(in, out);
    for (int i = 0; i < out.length; i++) {
      assertThat(out[i]).isCloseTo(without[i] + 4 * (with[i] - without[i]), within(1e-4f));
    }
  }

  @Test
  void aScaleBelowZeroAndAnEmptyIntervalAreRefused() {
    assertThatThrownBy(() -> Guidance.of(-0.5))
        .isInstanceOf(DdpmException.class)
        .hasMessage("scale = -0.5: must be a number, at least 0.");
    assertThatThrownBy(() -> Guidance.of(Double.NaN)).isInstanceOf(DdpmException.class);
    assertThatThrownBy(() -> new Guidance(2, 5, 4))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("from 5.0 to 4.0");
  }
}
