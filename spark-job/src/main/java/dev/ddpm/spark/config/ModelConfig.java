package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import java.io.Serializable;
import java.util.List;

/** The network: {@link LabmlUNet}, of which the image's shape may be left to the data set. */
public record ModelConfig(
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
            doc = "Width of the first convolution, a multiple of 8 and of norm-groups.")
        int channels,
    @Key(
            value = "[1, 2, 2, 4]",
            in = "[1, 65536]",
            doc =
                "One multiplier per level, cumulative: 64 channels and [1, 2, 2, 4] give levels"
                    + " that are 64, 128, 256 and 1024 wide.")
        List<Integer> channelMultipliers,
    @Key(
            value = "[false, false, false, true]",
            doc =
                "One flag per level: whether its blocks attend over all positions (the middle"
                    + " always does).")
        List<Boolean> attention,
    @Key(
            value = "2",
            in = "[1, 1000]",
            doc = "Residual blocks per level on the way down; one more on the way up.")
        int blocks,
    @Key(
            value = "32",
            in = "[1, 65536]",
            doc = "Groups of every GroupNorm but the final one; divides the width of every level.")
        int normGroups,
    @Key(
            value = "1",
            in = "[1, 65536]",
            doc = "Attention heads; divides the width of every level that attends.")
        int attentionHeads,
    @Key(value = "0.1", in = "[0, 1)", doc = "Probability of zeroing an activation while training.")
        double dropout)
    implements Serializable {

  /** Freezes the lists. */
  public ModelConfig {
    channelMultipliers = List.copyOf(channelMultipliers);
    attention = List.copyOf(attention);
  }

  /**
   * The architecture for a data set.
   *
   * @param data shape of its images
   * @throws DdpmException (user) if a configured shape is not the data set's, or if no such network
   *     exists
   */
  public Architecture architecture(ImageShape data) {
    return new LabmlUNet(
        reconcile("image-channels", imageChannels, data.channels()),
        reconcile("height", height, data.height()),
        reconcile("width", width, data.width()),
        channels,
        channelMultipliers,
        attention,
        blocks,
        normGroups,
        attentionHeads,
        dropout);
  }

  private static int reconcile(String key, int configured, int ofData) {
    if (configured != 0 && configured != ofData) {
      throw DdpmException.user(
          "model.%s = %d: the images of the data set have %d; set that value, or leave the key"
              + " out.",
          key, configured, ofData);
    }
    return ofData;
  }
}
