package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import java.io.Serializable;
import java.util.List;

/** The network, of which the image's shape may be left to the data set. */
public record ModelConfig(
    @Key(
            value = "labml",
            doc =
                "The kind of network: labml is that of the annotated implementation, unet2d that of"
                    + " the paper, which diffusers calls UNet2DModel. Keys that are said to be of"
                    + " one kind are not heeded by the other.",
            since = "0.2.0",
            absent = "labml")
        ArchitectureChoice architecture,
    @Key(
            value = "none",
            doc =
                "Which classes of images the network tells apart: none, or the labels of the image"
                    + " table, whose number and names are stored with the model. Images without a"
                    + " label are trained as of no class.",
            since = "0.2.0",
            absent = "none")
        ClassesChoice classes,
    @Key(
            value = "0",
            in = "[0, 4]",
            doc = "Channels of an image: 1 grey, 3 RGB, 4 RGBA; 0 = those of the data set.")
        int imageChannels,
    @Key(
            value = "0",
            in = "[0, 67108864]",
            doc = "Image height in pixels, a multiple of 2^(levels−1); 0 = that of the data set.")
        int height,
    @Key(
            value = "0",
            in = "[0, 67108864]",
            doc = "Image width in pixels, a multiple of 2^(levels−1); 0 = that of the data set.")
        int width,
    @Key(
            value = "64",
            in = "[8, 65536]",
            doc = "labml: width of the first convolution, a multiple of 8 and of norm-groups.")
        int channels,
    @Key(
            value = "[1, 2, 2, 4]",
            in = "[1, 65536]",
            doc =
                "labml: one multiplier per level, cumulative: 64 channels and [1, 2, 2, 4] give"
                    + " levels that are 64, 128, 256 and 1024 wide.")
        List<Integer> channelMultipliers,
    @Key(
            value = "[128, 256, 256, 256]",
            in = "[1, 65536]",
            doc = "unet2d: width of every level, a multiple of norm-groups; the first is even.",
            since = "0.2.0",
            absent = "[128, 256, 256, 256]")
        List<Integer> widths,
    @Key(
            value = "[false, false, false, true]",
            doc =
                "One flag per level: whether its blocks attend over all positions (the middle of"
                    + " labml always does).")
        List<Boolean> attention,
    @Key(
            value = "2",
            in = "[1, 1000]",
            doc = "Residual blocks per level on the way down; one more on the way up.")
        int blocks,
    @Key(
            value = "32",
            in = "[1, 65536]",
            doc =
                "Groups of every GroupNorm, with labml but the final one; divides the width of"
                    + " every level.")
        int normGroups,
    @Key(
            value = "1e-6",
            in = "(0, 1]",
            doc = "unet2d: what is added to the variance in every GroupNorm.",
            since = "0.2.0",
            absent = "1e-6")
        double normEpsilon,
    @Key(
            value = "1",
            in = "[1, 65536]",
            doc = "labml: attention heads; divides the width of every level that attends.")
        int attentionHeads,
    @Key(
            value = "0",
            in = "[0, 65536]",
            doc =
                "unet2d: channels of an attention head, which divide the width of every level that"
                    + " attends; 0 = one head.",
            since = "0.2.0",
            absent = "0")
        int headChannels,
    @Key(
            value = "true",
            doc = "unet2d: whether the middle attends over all positions.",
            since = "0.2.0",
            absent = "true")
        boolean middleAttention,
    @Key(
            value = "true",
            doc = "unet2d: whether the attention of the middle normalises its input.",
            since = "0.2.0",
            absent = "true")
        boolean middleNormalises,
    @Key(
            value = "1",
            in = "(0, 1000000]",
            doc = "unet2d: what every block of the middle divides its result by.",
            since = "0.2.0",
            absent = "1")
        double middleScaleFactor,
    @Key(
            value = "1",
            in = "[0, 32767]",
            doc =
                "unet2d: what is subtracted from the number of frequencies in their formula, 1 in"
                    + " the paper and 0 by default in diffusers.",
            since = "0.2.0",
            absent = "1")
        int timeFrequencyShift,
    @Key(
            value = "false",
            doc = "unet2d: whether the cosines of a timestep stand before the sines.",
            since = "0.2.0",
            absent = "false")
        boolean timeCosinesFirst,
    @Key(
            value = "0",
            in = "[0, 1]",
            doc =
                "unet2d: pixels of padding above and left where images are halved; below and right"
                    + " it is 1.",
            since = "0.2.0",
            absent = "0")
        int downsamplePadding,
    @Key(
            value = "false",
            doc =
                "unet2d: whether the time embedding scales and shifts what the second GroupNorm of"
                    + " a residual block gives, instead of being added before it.",
            since = "0.2.0",
            absent = "false")
        boolean scaleShift,
    @Key(
            value = "false",
            doc = "unet2d: whether the network takes images x as 2x − 1.",
            since = "0.2.0",
            absent = "false")
        boolean centerInput,
    @Key(value = "0.1", in = "[0, 1)", doc = "Probability of zeroing an activation while training.")
        double dropout)
    implements Serializable {

  /** Freezes the lists. */
  public ModelConfig {
    channelMultipliers = List.copyOf(channelMultipliers);
    widths = List.copyOf(widths);
    attention = List.copyOf(attention);
  }

  /**
   * The architecture for a data set.
   *
   * @param data shape of its images
   * @param classRows rows of the network's embedding of classes; 0 for none
   * @throws DdpmException (user) if a configured shape is not the data set's, or if no such network
   *     exists
   */
  public Architecture architecture(ImageShape data, int classRows) {
    reconcile("image-channels", imageChannels, data.channels());
    reconcile("height", height, data.height());
    reconcile("width", width, data.width());
    return architecture.create(this, data, classRows);
  }

  private static void reconcile(String key, int configured, int ofData) {
    if (configured != 0 && configured != ofData) {
      throw DdpmException.user(
          "model.%s = %d: the images of the data set have %d; set that value, or leave the key"
              + " out.",
          key, configured, ofData);
    }
  }
}
