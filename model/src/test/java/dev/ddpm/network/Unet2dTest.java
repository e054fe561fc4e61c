package dev.ddpm.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.network.block.TimeEncoding;
import java.util.List;
import org.junit.jupiter.api.Test;

class Unet2dTest {
  private static final List<Boolean> SECOND = List.of(false, true, false, false);

  private static Unet2d ho(int size, List<Integer> widths, List<Boolean> attention) {
    return new Unet2d(
        3,
        size,
        size,
        widths,
        attention,
        2,
        32,
        1e-6,
        0,
        Unet2d.Middle.PLAIN,
        TimeEncoding.SINES_FIRST,
        0,
        false,
        0.1,
        0,
        false);
  }

  /** Numbers of the published checkpoints. */
  @Test
  void hasAsManyParametersAsTheNetworksOfThePaper() {
    assertThat(ParameterLayout.of(ho(32, List.of(128, 256, 256, 256), SECOND)).size())
        .isEqualTo(35_746_307);
    assertThat(
            ParameterLayout.of(
                    ho(
                        256,
                        List.of(128, 128, 256, 256, 512, 512),
                        List.of(false, false, false, false, true, false)))
                .size())
        .isEqualTo(113_673_219);
  }

  @Test
  void namesTensorsAsDiffusersDoes() {
    assertThat(ParameterLayout.of(ho(32, List.of(128, 256, 256, 256), SECOND)).tensors())
        .extracting(ParameterLayout.Entry::name)
        .doesNotHaveDuplicates()
        .contains(
            "time_embedding.linear_1.weight",
            "conv_in.bias",
            "down_blocks.1.resnets.0.conv_shortcut.weight",
            "down_blocks.1.resnets.1.time_emb_proj.bias",
            "down_blocks.1.attentions.1.group_norm.weight",
            "down_blocks.1.attentions.1.to_q.weight",
            "down_blocks.2.downsamplers.0.conv.weight",
            "mid_block.attentions.0.to_out.0.bias",
            "mid_block.resnets.1.norm2.weight",
            "up_blocks.0.upsamplers.0.conv.weight",
            "up_blocks.2.attentions.2.to_v.bias",
            "up_blocks.3.resnets.2.conv1.weight",
            "conv_norm_out.weight",
            "conv_out.bias");
  }

  @Test
  void refusesWhatCannotBe() {
    assertRefused(
        new Change().widths(List.of(16, 20)), "norm-groups = 8: must divide the 20 channels");
    assertRefused(
        new Change().widths(List.of(16)),
        "attention has 2 flags, but widths = [16] has 1 levels: one flag per level is needed.");
    assertRefused(
        new Change().heads(5), "head-channels = 5: must divide the 32 channels of level 1.");
    assertRefused(
        new Change().shift(8),
        "time-frequency-shift = 8: must be at least 0 and below the 8 frequencies, half of the"
            + " first of widths.");
    assertRefused(
        new Change().padding(2), "downsample-padding = 2: must be at least 0 and at most 1.");
    assertRefused(new Change().epsilon(0), "norm-epsilon = 0.0: must be above 0 and at most 1.");
    assertRefused(
        new Change().epsilon(Double.NaN), "norm-epsilon = NaN: must be above 0 and at most 1.");
    assertRefused(
        new Change().scale(-1), "middle-scale-factor = -1.0: must be above 0 and at most 1000000.");
    assertRefused(
        new Change().classes(-1), "classes = -1: must be at least 0 and at most 1048576.");
    assertRefused(
        new Change().height(15),
        "height = 15: must be a multiple of 2, because 2 levels halve the image 1 times.");
    assertRefused(
        new Change().groups(1).widths(List.of(15, 32)),
        "widths = [15, 32]: the first must be even, for as many sines of a timestep as cosines.");
  }

  private static void assertRefused(Change change, String message) {
    assertThatThrownBy(change::make)
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageStartingWith(message);
  }

  /** A small network with one thing changed. */
  private static final class Change {
    private int height = 16;
    private List<Integer> widths = List.of(16, 32);
    private int groups = 8;
    private double epsilon = 1e-5;
    private int heads = 8;
    private double scale = 1;
    private int shift;
    private int padding = 1;
    private int classes;

    Change height(int value) {
      height = value;
      return this;
    }

    Change widths(List<Integer> value) {
      widths = value;
      return this;
    }

    Change groups(int value) {
      groups = value;
      return this;
    }

    Change epsilon(double value) {
      epsilon = value;
      return this;
    }

    Change heads(int value) {
      heads = value;
      return this;
    }

    Change scale(double value) {
      scale = value;
      return this;
    }

    Change shift(int value) {
      shift = value;
      return this;
    }

    Change padding(int value) {
      padding = value;
      return this;
    }

    Change classes(int value) {
      classes = value;
      return this;
    }

    Unet2d make() {
      return new Unet2d(
          1,
          height,
          16,
          widths,
          List.of(false, true),
          1,
          groups,
          epsilon,
          heads,
          new Unet2d.Middle(true, true, scale),
          new TimeEncoding(shift, true),
          padding,
          false,
          0,
          classes,
          false);
    }
  }
}
