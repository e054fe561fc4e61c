package dev.ddpm.network;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import java.util.List;

/**
 * The architecture of a labml U-Net ({@code labml_nn/diffusion/ddpm/unet.py}) as data.
 *
 * <p>Channel multipliers are cumulative: level i is {@code channelMultipliers[i]} times as wide as
 * level i−1, so 64 channels with multipliers 1, 2, 2, 4 give the widths 64, 128, 256, 1024.
 *
 * @param imageChannels channels of the image and of the predicted noise, 1 to 4
 * @param height image height in pixels, a multiple of 2^(levels−1)
 * @param width image width in pixels, a multiple of 2^(levels−1)
 * @param channels width of the first convolution, a multiple of 8 (the final norm has 8 groups)
 * @param channelMultipliers one cumulative multiplier per level, each at least 1; at most {@value
 *     Limits#MOST_LEVELS}
 * @param attention one flag per level: whether its blocks attend over all positions
 * @param blocks residual blocks per level on the way down; one more on the way up; 1 to {@value
 *     Limits#MOST_BLOCKS}
 * @param normGroups groups of every GroupNorm but the final one; divides every level's width
 * @param attentionHeads heads of every attention block; divides the width of each level that
 *     attends and of the deepest one, which always does
 * @param dropout probability of zeroing an activation before a block's second convolution, in [0,
 *     1)
 * @param classes rows of the embedding of classes, which is added to that of the timestep; 0 for a
 *     network without classes
 */
public record LabmlUNet(
    int imageChannels,
    int height,
    int width,
    int channels,
    List<Integer> channelMultipliers,
    List<Boolean> attention,
    int blocks,
    int normGroups,
    int attentionHeads,
    double dropout,
    int classes)
    implements Architecture {

  /** Groups of the GroupNorm before the last convolution: fixed in the reference. */
  public static final int FINAL_NORM_GROUPS = 8;

  /** ε of every GroupNorm. */
  public static final double NORM_EPSILON = 1e-5;

  /** A network without classes. */
  public LabmlUNet(
      int imageChannels,
      int height,
      int width,
      int channels,
      List<Integer> channelMultipliers,
      List<Boolean> attention,
      int blocks,
      int normGroups,
      int attentionHeads,
      double dropout) {
    this(
        imageChannels,
        height,
        width,
        channels,
        channelMultipliers,
        attention,
        blocks,
        normGroups,
        attentionHeads,
        dropout,
        0);
  }

  /**
   * Checks that such a network exists, and that its sizes can be counted.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public LabmlUNet {
    channelMultipliers = List.copyOf(channelMultipliers);
    attention = List.copyOf(attention);
    Limits.imageSides(imageChannels, height, width);
    Limits.between("channels", channels, FINAL_NORM_GROUPS, Limits.MOST_CHANNELS);
    Limits.between("blocks", blocks, 1, Limits.MOST_BLOCKS);
    Limits.between("norm-groups", normGroups, 1, Limits.MOST_CHANNELS);
    Limits.between("attention-heads", attentionHeads, 1, Limits.MOST_CHANNELS);
    Limits.imagePixels(height, width);
    if (channels % FINAL_NORM_GROUPS != 0) {
      throw DdpmException.user(
          "channels = %d: must be a multiple of %d, the group count of the final norm.",
          channels, FINAL_NORM_GROUPS);
    }
    Limits.levels("channel-multipliers", channelMultipliers, attention);
    Limits.dropout(dropout);
    Limits.classes(classes);
    int level = 0;
    long levelWidth = channels;
    Limits.normGroups(normGroups, levelWidth, 0);
    for (int multiplier : channelMultipliers) {
      if (multiplier < 1) {
        throw DdpmException.user(
            "channel-multipliers = %s: every multiplier must be at least 1.", channelMultipliers);
      }
      levelWidth *= multiplier;
      if (levelWidth > Limits.MOST_CHANNELS) {
        throw DdpmException.user(
            "channel-multipliers = %s: multipliers are cumulative, and level %d would be %d"
                + " channels wide; at most %d are allowed.",
            channelMultipliers, level, levelWidth, Limits.MOST_CHANNELS);
      }
      Limits.normGroups(normGroups, levelWidth, level);
      boolean attends = attention.get(level) || level == attention.size() - 1;
      if (attends && levelWidth % attentionHeads != 0) {
        throw DdpmException.user(
            "attention-heads = %d: must divide the %d channels of level %d.",
            attentionHeads, levelWidth, level);
      }
      if (attends) {
        Limits.attended(attention, level, height, width);
      }
      level++;
    }
    Limits.halvings(height, width, channelMultipliers.size());
  }

  /** Number of resolution levels. */
  public int levels() {
    return channelMultipliers.size();
  }

  /** Width of a level in channels: the product of {@code channels} and the multipliers up to it. */
  public int levelChannels(int level) {
    int width = channels;
    for (int i = 0; i <= level; i++) {
      width *= channelMultipliers.get(i);
    }
    return width;
  }

  /** Width of the time embedding: four times {@code channels}. */
  public int timeChannels() {
    return 4 * channels;
  }

  @Override
  public ImageShape imageShape() {
    return new ImageShape(height, width, imageChannels);
  }

  @Override
  public NetworkPlan plan() {
    return LabmlPlan.of(this);
  }

  /** Without dropout. */
  @Override
  public LabmlUNet forInference() {
    return new LabmlUNet(
        imageChannels,
        height,
        width,
        channels,
        channelMultipliers,
        attention,
        blocks,
        normGroups,
        attentionHeads,
        /* dropout= */ 0,
        classes);
  }
}
