package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class MinibatchBuilderTest {
  private static final LabmlUNet UNET =
      new LabmlUNet(3, 2, 4, 8, List.of(1), List.of(false), 1, 8, 1, 0);
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);

  private static MinibatchBuilder builder(boolean flip) {
    return builder(flip, LossWeighting.UNIFORM);
  }

  private static MinibatchBuilder builder(boolean flip, LossWeighting weighting) {
    return builder(UNET, flip, weighting, 0.1);
  }

  private static MinibatchBuilder builder(
      LabmlUNet network, boolean flip, LossWeighting weighting, double labelDropout) {
    return builder(network, flip, weighting, TimestepShares.UNIFORM, labelDropout);
  }

  private static MinibatchBuilder builder(
      LabmlUNet network,
      boolean flip,
      LossWeighting weighting,
      TimestepShares timesteps,
      double labelDropout) {
    return new MinibatchBuilder(
        network,
        SCHEDULE,
        new TrainingSpec(
            Prediction.EPSILON,
            weighting,
            timesteps,
            DataRange.MINUS_ONE_TO_ONE,
            flip,
            labelDropout,
            Optimiser.ADAM,
            LearningRate.constant(1e-3, 0),
            0,
            0,
            11));
  }

  /** Of images without labels. */
  private static Minibatch build(
      MinibatchBuilder builder, long epoch, long[] ids, byte[]... pixels) {
    int[] labels = new int[ids.length];
    Arrays.fill(labels, ClassLabels.NO_LABEL);
    return builder.build(uses(epoch, ids), ids, pixels, labels);
  }

  private static int[] uses(long epoch, long[] ids) {
    int[] uses = new int[ids.length];
    Arrays.fill(uses, (int) epoch);
    return uses;
  }

  private static byte[] image(int first) {
    byte[] pixels = new byte[UNET.imageShape().size()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (first + 5 * i);
    }
    return pixels;
  }

  /** Recovers x_0 from (x_t, ε, t), as levels 0..255. */
  private static int[] levels(Minibatch batch, int image) {
    int t = (int) batch.batch().timesteps()[image];
    double signal = Math.sqrt(SCHEDULE.alphaBar(t));
    double noise = Math.sqrt(1 - SCHEDULE.alphaBar(t));
    int size = UNET.imageShape().size();
    int[] levels = new int[size];
    for (int i = 0; i < size; i++) {
      int at = image * size + i;
      double x0 = (batch.batch().xt()[at] - noise * batch.target()[at]) / signal;
      levels[i] = (int) Math.round((x0 + 1) * 127.5);
    }
    return levels;
  }

  private static int[] unsigned(byte[] pixels) {
    int[] levels = new int[pixels.length];
    Arrays.setAll(levels, i -> pixels[i] & 0xff);
    return levels;
  }

  @Test
  void mixesTheDrawnNoiseIntoTheImage() {
    long[] ids = {4, 900, 17};
    byte[][] pixels = {image(0), image(7), image(100)};
    Minibatch batch = build(builder(false), 3, ids, pixels);
    assertThat(batch.batch().size()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      assertThat(batch.batch().timesteps()[i]).isBetween(0f, 999f);
      if (batch.batch().timesteps()[i] < 900) {
        assertThat(levels(batch, i)).isEqualTo(unsigned(pixels[i]));
      }
    }
    assertThat(batch.batch().timesteps()).doesNotHaveDuplicates();
    assertThat(batch.imageKeys()).doesNotHaveDuplicates();
  }

  @Test
  void whatIsDrawnDependsOnTheImageAndNotOnItsPlace() {
    MinibatchBuilder builder = builder(true);
    Minibatch alone = build(builder(true), 2, new long[] {8}, image(3));
    build(builder, 2, new long[] {1, 2, 3, 4}, image(0), image(1), image(2), image(3));
    Minibatch batch = build(builder, 2, new long[] {5, 8}, image(50), image(3));
    int size = UNET.imageShape().size();
    assertThat(Arrays.copyOfRange(batch.batch().xt(), size, 2 * size))
        .isEqualTo(Arrays.copyOf(alone.batch().xt(), size));
    assertThat(batch.batch().timesteps()[1]).isEqualTo(alone.batch().timesteps()[0]);
    assertThat(batch.imageKeys()[1]).isEqualTo(alone.imageKeys()[0]);
    Minibatch nextEpoch = build(builder, 3, new long[] {8}, image(3));
    assertThat(nextEpoch.target()[0]).isNotEqualTo(alone.target()[0]);
  }

  @Test
  void everyImageHasTheWeightOfItsTimestep() {
    MinibatchBuilder builder = builder(false, LossWeighting.MIN_SNR);
    for (int images = 1; images <= 3; images++) {
      long[] ids = LongStream.range(0, images).toArray();
      byte[][] pixels = new byte[images][UNET.imageShape().size()];
      Minibatch batch = build(builder, 0, ids, pixels);
      for (int i = 0; i < images; i++) {
        double snr = SCHEDULE.snr((int) batch.batch().timesteps()[i]);
        assertThat(batch.weights()[i]).isEqualTo((float) Math.min(1, 5 / snr));
      }
    }
    assertThat(build(builder(false), 0, new long[1], new byte[24]).weights()).isNull();
  }

  /** What is drawn the oftener counts the less: the mean over draws is the weighting's. */
  @Test
  void timestepsDrawnByWeightAreCountedTheLess() {
    MinibatchBuilder builder =
        builder(UNET, false, LossWeighting.MIN_SNR, TimestepShares.BY_WEIGHT, 0.1);
    double[] weights = new double[1000];
    Arrays.setAll(weights, t -> Math.min(1, 5 / SCHEDULE.snr(t)));
    double[] shares = TimestepShares.BY_WEIGHT.of(weights);
    int images = 4000;
    long[] ids = LongStream.range(0, images).toArray();
    Minibatch batch = build(builder, 0, ids, new byte[images][UNET.imageShape().size()]);
    double below = 0;
    double counted = 0;
    for (int i = 0; i < images; i++) {
      int t = (int) batch.batch().timesteps()[i];
      assertThat(batch.weights()[i]).isEqualTo((float) (weights[t] / (1000 * shares[t])));
      below += t < 150 ? 1.0 / images : 0;
      counted += t < 150 ? batch.weights()[i] / images : 0;
    }
    double expectedBelow = Arrays.stream(shares, 0, 150).sum();

    assertThat(expectedBelow).isLessThan(0.12);
    assertThat(below).isCloseTo(expectedBelow, within(0.015));
    assertThat(counted).isCloseTo(Arrays.stream(weights, 0, 150).sum() / 1000, within(0.01));
  }

  /** The timestep of an image is the one up to which the shares first exceed what is drawn. */
  @Test
  void aTimestepIsAFunctionOfSeedImageAndUse() {
    MinibatchBuilder builder =
        builder(UNET, false, LossWeighting.MIN_SNR, TimestepShares.BY_WEIGHT, 0.1);
    double[] weights = new double[1000];
    Arrays.setAll(weights, t -> Math.min(1, 5 / SCHEDULE.snr(t)));
    double[] shares = TimestepShares.BY_WEIGHT.of(weights);
    long[] ids = LongStream.range(0, 50).toArray();
    Minibatch batch = build(builder, 3, ids, new byte[50][UNET.imageShape().size()]);
    for (int i = 0; i < 50; i++) {
      double drawn = CounterRandom.uniform(11, Stream.TIMESTEP, ids[i], 3);
      int t = 0;
      double sum = shares[0];
      while (sum <= drawn) {
        sum += shares[++t];
      }
      assertThat(batch.batch().timesteps()[i]).isEqualTo(t);
    }
  }

  private static final LabmlUNet CLASSES =
      new LabmlUNet(3, 2, 4, 8, List.of(1), List.of(false), 1, 8, 1, 0, 4);

  private static MinibatchBuilder withClasses(double labelDropout) {
    return builder(CLASSES, true, LossWeighting.UNIFORM, labelDropout);
  }

  private static int[] taught(MinibatchBuilder builder, long epoch, long[] ids, int... labels) {
    Minibatch batch = builder.build(uses(epoch, ids), ids, new byte[ids.length][24], labels);
    return Arrays.copyOf(batch.batch().classes(), ids.length);
  }

  @Test
  void imagesAreOfTheirClassAndThoseWithoutLabelOfNone() {
    MinibatchBuilder builder = withClasses(0);

    assertThat(taught(builder, 0, new long[] {5, 6, 7}, 2, ClassLabels.NO_LABEL, 0))
        .containsExactly(2, 3, 0);
    assertThat(taught(builder, 0, new long[] {9}, 1)).containsExactly(1);
    assertThat(taught(withClasses(1), 0, new long[] {5, 6, 7}, 2, ClassLabels.NO_LABEL, 0))
        .containsExactly(3, 3, 3);
  }

  /** Five standard deviations of 4000 draws. */
  @Test
  void aShareOfTheLabelsIsLeftOutAnewInEveryEpoch() {
    MinibatchBuilder builder = withClasses(0.1);
    long[] ids = LongStream.range(0, 4000).toArray();
    int[] labels = new int[ids.length];
    int[] first = taught(builder, 0, ids, labels);
    int[] second = taught(builder, 1, ids, labels);

    assertThat(Arrays.stream(first).filter(taught -> taught == 3).count()).isBetween(305L, 495L);
    assertThat(first).containsOnly(0, 3).isNotEqualTo(second);
    // Of one image the same, wherever it is.
    int[] alone = taught(withClasses(0.1), 1, new long[] {17, 3, 2048}, 0, 0, 0);
    assertThat(alone).containsExactly(second[17], second[3], second[2048]);
    for (int id = 0; id < 100; id++) {
      boolean dropped = CounterRandom.uniform(11, Stream.LABEL_DROPOUT, id, 1) < 0.1;
      assertThat(second[id]).as("image %d", id).isEqualTo(dropped ? 3 : 0);
    }
  }

  /** Nothing else that is drawn depends on whether there are classes. */
  @Test
  void classesChangeNothingElse() {
    long[] ids = {4, 900, 17};
    byte[][] pixels = {image(0), image(7), image(100)};
    Minibatch plain = build(builder(true), 3, ids, pixels);
    Minibatch batch = withClasses(0.5).build(uses(3, ids), ids, pixels, new int[] {0, 1, 2});

    assertThat(plain.batch().classes()).isNull();
    assertThat(batch.batch().xt()).isEqualTo(plain.batch().xt());
    assertThat(batch.target()).isEqualTo(plain.target());
    assertThat(batch.batch().timesteps()).isEqualTo(plain.batch().timesteps());
    assertThat(batch.imageKeys()).isEqualTo(plain.imageKeys());
  }

  @Test
  void aClassThatTheNetworkDoesNotKnowIsRefused() {
    for (int label : new int[] {3, -2}) {
      assertThatThrownBy(() -> taught(withClasses(0.1), 0, new long[] {6}, label))
          .hasMessage("Image 6 has the class %d; the network knows 3.".formatted(label));
    }
    assertThatThrownBy(() -> withClasses(1.5))
        .hasMessage("label-dropout = 1.5: must be at least 0 and at most 1.");
  }

  @Test
  void aboutHalfOfTheImagesAreMirrored() {
    byte[] pixels = image(0);
    int[] upright = unsigned(pixels);
    int[] mirrored = new int[upright.length];
    for (int y = 0; y < 2; y++) {
      for (int x = 0; x < 4; x++) {
        for (int c = 0; c < 3; c++) {
          mirrored[(y * 4 + x) * 3 + c] = upright[(y * 4 + 3 - x) * 3 + c];
        }
      }
    }
    MinibatchBuilder builder = builder(true);
    int flips = 0;
    int seen = 0;
    for (long id = 0; id < 400; id++) {
      Minibatch batch = build(builder, 0, new long[] {id}, pixels);
      if (batch.batch().timesteps()[0] < 800) {
        int[] levels = levels(batch, 0);
        assertThat(levels).isIn(upright, mirrored);
        flips += Arrays.equals(levels, mirrored) ? 1 : 0;
        seen++;
      }
    }
    assertThat((double) flips / seen).isEqualTo(0.5, within(0.1));
  }

  @Test
  void anImageOfAnotherSizeIsRefused() {
    assertThatThrownBy(() -> build(builder(false), 0, new long[] {6}, new byte[5]))
        .hasMessageContaining("Image 6 has 5 values; the network takes 24");
  }
}
